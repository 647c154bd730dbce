// Nothing that can be printed shows a secret.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { format, inspect } from 'node:util';

import * as m365 from 'm365kit';

const SECRET = 's3cret';
const PATHS = { certificatePath: 'file.pem', keyPath: 'key.pem' };

let sandbox;
let pending;
let code;
before(async () => {
  sandbox = await m365.Sandbox.start({ blobs: 0 });
  const signIn = new m365.SignIn({ client: sandbox.credential, redirectUri: 'http://localhost/web' });
  pending = signIn.begin(sandbox.tenant, { cloud: sandbox.cloud });
  const answer = await fetch(pending.url, { redirect: 'manual' });
  code = pending.finish(answer.headers.get('location'));
});
after(() => sandbox.close());

const hidden = () => SECRET;
const clientId = 'id';
const client = new m365.ClientSecret({ clientId, secret: SECRET });
const made = {
  ClientSecret: client,
  ClientCertificate: new m365.ClientCertificate({
    clientId,
    ...PATHS,
    certificate: SECRET,
    password: SECRET,
    sign: hidden,
  }),
  WorkloadIdentity: new m365.WorkloadIdentity({ assertion: hidden }),
  ManagedIdentity: new m365.ManagedIdentity({ resourceId: 'id' }),
  DeviceCode: new m365.DeviceCode({ clientId, display: hidden }),
  AuthorizationCode: new m365.AuthorizationCode({
    client,
    code: SECRET,
    redirectUri: 'http://localhost',
    codeVerifier: SECRET,
    nonce: SECRET,
  }),
  RefreshToken: new m365.RefreshToken({ client, token: SECRET }),
  OnBehalfOf: new m365.OnBehalfOf({ client, userToken: SECRET }),
  AzureCli: new m365.AzureCli(),
  DefaultCredential: new m365.DefaultCredential(),
  StaticToken: new m365.StaticToken(SECRET),
  Callback: new m365.Callback(hidden),
  SignIn: new m365.SignIn({ client, redirectUri: 'http://localhost', loginHint: 'sadie' }),
  BrowserSignIn: new m365.BrowserSignIn({ client, open: hidden }),
  TokenCache: m365.TokenCache.inFile('file', { passphrase: SECRET }),
  'TokenCache with a key': m365.TokenCache.inFile('file', {
    key: Buffer.from(SECRET.repeat(6).slice(0, 32)),
  }),
  'TokenCache with a store': m365.TokenCache.withStore({ load: hidden, save: hidden }),
};

/** All ways in which a value is printed, by mistake or not. */
function printed(value) {
  const options = { depth: null, showHidden: true, getters: true };
  const own = Reflect.ownKeys(value).map((key) => `${String(key)}: ${inspect(value[key], options)}`);
  const copy = { ...value };
  return [
    inspect(value),
    inspect(value, { depth: null, showHidden: true }),
    inspect({ within: [value] }, options),
    JSON.stringify(value),
    JSON.stringify(copy),
    String(value),
    format('%s %o %O %j', value, value, value, value),
    ...own,
  ].join('\n');
}

for (const [name, value] of Object.entries(made)) {
  test(`${name} shows no secret`, () => {
    assert.equal(value.constructor.name, name.split(' ')[0]);
    assert.doesNotMatch(printed(value), new RegExp(SECRET));
    assert.match(inspect(value), new RegExp(`^${value.constructor.name} \\{`));
  });
}

test('every class that takes a secret is looked at', () => {
  const named = new Set(Object.keys(made).map((name) => name.split(' ')[0]));
  for (const [name, Class] of Object.entries(m365)) {
    const isCredential =
      typeof Class === 'function' && Class.prototype instanceof Object.getPrototypeOf(m365.ClientSecret);
    assert.ok(!isCredential || named.has(name), name);
  }
});

test('a credential shows what is no secret', () => {
  assert.equal(client.kind, 'client_secret');
  assert.match(inspect(made.ClientCertificate), /certificatePath: 'file.pem'/);
  assert.equal(made.ManagedIdentity.resourceId, 'id');
  assert.equal(made.SignIn.loginHint, 'sadie');
});

test('neither a sign-in under way, nor what it ends with, nor a client shows a secret', async () => {
  const { state, nonce, verifier } = JSON.parse(pending.export());
  const { secrets } = await sandbox.control('secrets');
  const all = [state, nonce, verifier, ...secrets.map(({ value }) => value)];
  assert.ok(all.length > 4 && all.every((secret) => typeof secret === 'string' && secret !== ''));
  const using = sandbox.client({ credential: code, tokenCache: new m365.TokenCache() });
  for (const value of [pending, code, using]) {
    const text = [
      inspect(value, { depth: null, showHidden: true }),
      JSON.stringify(value),
      String(value),
    ].join();
    for (const secret of all) assert.ok(!text.includes(secret), `${value.constructor.name} shows a secret`);
  }
});
