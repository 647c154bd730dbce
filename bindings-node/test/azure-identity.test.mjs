// Azure Identity for Node signs in to a sandbox. It reads the same wire, and knows nothing of m365kit.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import {
  AuthorizationCodeCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  DeviceCodeCredential,
  OnBehalfOfCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';

import { Outside, grants } from './outside.mjs';

let outside, folder;
beforeEach(async () => {
  // The library renews what is good for less than five minutes.
  outside = await Outside.start({ tokenLifetime: 200 });
  folder = mkdtempSync(join(tmpdir(), 'm365kit-'));
});
afterEach(() => {
  outside.sandbox.close();
  rmSync(folder, { recursive: true });
});

const options = () => ({
  authorityHost: outside.sandbox.url,
  disableInstanceDiscovery: true,
  tlsOptions: { ca: outside.sandbox.caCertificate },
  retryOptions: { maxRetries: 0 },
});
const account = () => [outside.sandbox.tenant, outside.sandbox.clientId];
const named = () => ({
  tenantId: outside.sandbox.tenant,
  clientId: outside.sandbox.clientId,
  ...options(),
});

const secret = (value = outside.sandbox.clientSecret) =>
  new ClientSecretCredential(...account(), value, options());

async function certificate({ register = true, sendCertificateChain = false } = {}) {
  const made = await outside.sandbox.makeCertificate({ register });
  const pem = { certificate: made.privateKey + made.certificate };
  return new ClientCertificateCredential(...account(), pem, { ...options(), sendCertificateChain });
}

const assertion = (wish) =>
  new ClientAssertionCredential(...account(), () => outside.sandbox.federatedToken(wish), options());

async function workload(wish) {
  const tokenFilePath = join(folder, 'workload');
  writeFileSync(tokenFilePath, await outside.sandbox.federatedToken(wish));
  return new WorkloadIdentityCredential({ ...named(), tokenFilePath });
}

const device = () =>
  new DeviceCodeCredential({ ...named(), userPromptCallback: ({ userCode }) => assert.ok(userCode) });

/** A code that a browser brings to a server. */
async function code() {
  const redirect = 'http://localhost/web';
  const asked = new URLSearchParams({
    client_id: outside.sandbox.clientId,
    response_type: 'code',
    redirect_uri: redirect,
    scope: `${outside.scope} openid profile offline_access`,
  });
  const back = await outside.browse(`${outside.authority}/oauth2/v2.0/authorize?${asked}`);
  const { clientSecret } = outside.sandbox;
  return new AuthorizationCodeCredential(...account(), clientSecret, back.code, redirect, options());
}

const behalf = async (proof = { clientSecret: outside.sandbox.clientSecret }) =>
  new OnBehalfOfCredential({ ...named(), ...proof, userAssertionToken: await outside.calledWith() });

async function behalfByCertificate() {
  const made = await outside.sandbox.makeCertificate({ register: true });
  const certificatePath = join(folder, 'certificate.pem');
  writeFileSync(certificatePath, made.privateKey + made.certificate);
  return behalf({ certificatePath });
}

/** A credential that has a token already. */
function twice(make) {
  return async () => {
    const credential = await make();
    await credential.getToken(outside.scope);
    return credential;
  };
}

const ask = async (credential, wish) => (await credential).getToken(outside.scope, wish);

const flows = {
  secret: [secret, grants.app, 'secret'],
  certificate: [certificate, grants.app, 'certificate'],
  'certificate with its chain': [
    () => certificate({ sendCertificateChain: true }),
    grants.app,
    'certificate',
  ],
  'client assertion': [assertion, grants.app, 'federated'],
  'workload identity': [workload, grants.app, 'federated'],
  'device code': [device, grants.device, 'none', true],
  'authorization code': [code, grants.code, 'secret', true],
  'refresh token': [twice(device), grants.refresh, 'none', true],
  'refresh token of a server': [twice(code), grants.refresh, 'secret', true],
  'on behalf of': [behalf, grants.behalf, 'secret', true],
  'on behalf of, by certificate': [behalfByCertificate, grants.behalf, 'certificate', true],
};

for (const [name, [credential, grant, by, user]] of Object.entries(flows)) {
  test(`@azure/identity: ${name}`, async () => {
    const { token } = await ask(credential());
    await outside.check(token, { grant, credential: by, user });
  });
}

const nothing = () => {};
const expire = () =>
  outside.sandbox.setApp({
    secrets: [{ value: outside.sandbox.clientSecret, expires: new Date('2020-01-01') }],
  });

/** What is broken, which credential asks, and the number that the library must see. */
const refusals = {
  'wrong secret': [nothing, () => secret('wrong'), 7000215],
  'expired secret': [expire, secret, 7000222],
  'unknown certificate': [nothing, () => certificate({ register: false }), 700027],
  'unknown tenant': [() => outside.sandbox.credentialState('unknown_tenant'), secret, 90002],
  'expired assertion': [nothing, () => workload({ lifetime: -600 }), 700024],
  'another workload': [nothing, () => assertion({ subject: 'another' }), 700213],
  'no consent': [() => outside.sandbox.setApp({ consented: false }), behalf, 65001],
  'conditional access': [() => outside.condition(), behalf, 50076],
};

for (const [name, [broken, credential, number]] of Object.entries(refusals)) {
  test(`@azure/identity is refused: ${name}`, async () => {
    await broken();
    await assert.rejects(ask(credential()), new RegExp(`AADSTS${number}: `));
  });
}

test('@azure/identity answers a challenge', async () => {
  const credential = secret();
  const way = { grant: grants.app, credential: 'secret' };
  const first = await ask(credential, { enableCae: true });
  assert.deepEqual((await outside.check(first.token, way)).xms_cc, ['cp1']);
  assert.equal(await outside.sandbox.revokeTokens({ insist: true }), 1);
  const claims = JSON.stringify(await outside.call(first.token));
  const second = await ask(credential, { enableCae: true, claims });
  await outside.check(second.token, way);
});
