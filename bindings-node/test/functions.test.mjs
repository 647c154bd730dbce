// Functions of users: what they are asked, what they may answer, and what becomes of what they throw.

import assert from 'node:assert/strict';
import { constants, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  AuthError,
  BrowserSignIn,
  Callback,
  ClientCertificate,
  DeviceCode,
  InvalidRequest,
  OnBehalfOf,
  Sandbox,
  WorkloadIdentity,
} from 'm365kit';

const behaviour = { deviceInterval: 1 };
let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 0, identity: { behaviour } })));
after(() => sandbox.close());

/** A token of the sandbox, as a user's own code would get one. */
async function fetchToken({ scope, tenant }) {
  const answer = await fetch(`${sandbox.cloud.hosts.authority}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: sandbox.clientId,
      client_secret: sandbox.clientSecret,
      scope,
    }),
  });
  return (await answer.json()).access_token;
}

const subscriptionsOf = (credential) => sandbox.client({ credential }).audit.listSubscriptions();
const subscriptionsWith = (callback) => subscriptionsOf(new Callback(callback));

test('a function that promises a token', async () => {
  const requests = [];
  const subscriptions = await subscriptionsWith(async (request) => {
    requests.push(request);
    return fetchToken(request);
  });
  assert.ok(subscriptions.length > 0);
  assert.equal(requests.length, 1, 'the token is kept');
  assert.equal(requests[0].tenant, sandbox.tenant);
  assert.match(requests[0].scope, /\.default$/);
  assert.equal(typeof requests[0].resource, 'string');
});

test('a function that gives a token at once', async () => {
  const token = await fetchToken({
    scope: `${sandbox.cloud.hosts.management}/.default`,
    tenant: sandbox.tenant,
  });
  assert.ok((await subscriptionsWith(() => token)).length > 0);
  assert.ok((await subscriptionsWith(() => ({ token, expiresOn: new Date(Date.now() + 3.6e6) }))).length > 0);
  assert.ok((await subscriptionsWith(() => ({ token, expiresOnTimestamp: Date.now() + 3.6e6 }))).length > 0);
});

/** Each kind of function, in what takes it. */
const takers = {
  token: (give) => subscriptionsWith(give),
  display: (display) => subscriptionsOf(new DeviceCode({ clientId: sandbox.clientId, display })),
  assertion: (assertion) => subscriptionsOf(new WorkloadIdentity({ clientId: sandbox.clientId, assertion })),
  sign: async (sign) => subscriptionsOf(await signer(sign)),
  'the sign of a nested client': async (sign) =>
    subscriptionsOf(new OnBehalfOf({ client: await signer(sign), userToken: await userToken() })),
  open: (open) =>
    new BrowserSignIn({ client: sandbox.clientId, open }).run(sandbox.tenant, { cloud: sandbox.cloud }),
};

/** A certificate whose private key is not here, but where the function signs. */
async function signer(sign) {
  const { certificate } = await sandbox.control('make_certificate', { register: true });
  return new ClientCertificate({ clientId: sandbox.clientId, certificate, sign });
}

async function userToken() {
  const wish = { audience: `api://${sandbox.clientId}`, user: 'sadie.lund@contoso.onmicrosoft.com' };
  return (await sandbox.control('issue_token', { ...wish, roles: ['access_as_user'] })).token;
}

for (const [name, taken] of Object.entries(takers)) {
  test(`what ${name} throws, at once or later, is the cause of an AuthError`, async () => {
    const broken = new Error('the vault is closed');
    for (const given of [
      () => {
        throw broken;
      },
      () => Promise.reject(broken),
    ]) {
      const error = await taken(given).catch((error) => error);
      assert.ok(error instanceof AuthError, error.stack);
      let cause = error;
      while (cause && cause !== broken) cause = cause.cause;
      assert.equal(cause, broken, 'the very error that was thrown');
    }
  });

  test(`${name} has to be a function`, async () => {
    const error = await (async () => taken('s3cret'))().catch((error) => error);
    assert.ok(error instanceof InvalidRequest, error.stack);
    const called = name.includes(' ') ? 'sign' : name;
    assert.equal(error.message, `${called} is to be a function, and is string`);
  });
}

for (const name of ['token', 'assertion', 'sign', 'the sign of a nested client']) {
  test(`what ${name} gives has to be of its kind, and is not shown`, async () => {
    for (const wrong of [null, undefined, { s3cret: 1 }, 4711]) {
      const error = await takers[name](() => wrong).catch((error) => error);
      assert.ok(error instanceof AuthError, error.stack);
      const told = `${error.message} ${error.cause?.message}`;
      assert.match(told, /is to give (a token|text|bytes), and gave (null|undefined|object|number)/);
      assert.doesNotMatch(told, /s3cret|4711/);
    }
  });
}

test('a token is not empty, and ends at a time', async () => {
  for (const wrong of ['', { token: '' }, { token: 't', expiresOn: 'tomorrow' }]) {
    await assert.rejects(
      subscriptionsWith(() => wrong),
      AuthError,
    );
  }
});

for (const [when, given] of [
  ['at once', (answer) => answer],
  ['later', async (answer) => (await sleep(5), answer)],
]) {
  test(`a code is shown ${when}, and its user signs in`, async () => {
    const shown = [];
    const display = (prompt) => given(shown.push(prompt));
    assert.ok((await takers.display(display)).length > 0);
    const [{ userCode, verificationUri, message, expiresIn }] = shown;
    assert.equal(shown.length, 1);
    assert.ok(message.includes(userCode) && message.includes(verificationUri), message);
    assert.equal(typeof expiresIn, 'number');
  });

  test(`an assertion is given ${when}`, async () => {
    const { token } = await sandbox.control('federated_token');
    assert.ok((await takers.assertion(() => given(token))).length > 0);
  });

  test(`a signature is given ${when}`, async () => {
    const { certificate, privateKey } = await sandbox.control('make_certificate', { register: true });
    const { RSA_PKCS1_PSS_PADDING: padding } = constants;
    const asked = [];
    const credential = new ClientCertificate({
      clientId: sandbox.clientId,
      certificate,
      sign: (bytes) => {
        asked.push(bytes);
        return given(new Uint8Array(sign('sha256', bytes, { key: privateKey, padding, saltLength: 32 })));
      },
    });
    assert.ok((await subscriptionsOf(credential)).length > 0);
    assert.ok(asked.length > 0 && asked.every(Buffer.isBuffer));
  });
}

test('calls that wait share one token', async () => {
  let calls = 0;
  const callback = async (request) => {
    calls += 1;
    await sleep(50);
    return fetchToken(request);
  };
  const client = sandbox.client({ credential: new Callback(callback) });
  await Promise.all(Array.from({ length: 10 }, () => client.audit.listSubscriptions()));
  assert.equal(calls, 1);
});
