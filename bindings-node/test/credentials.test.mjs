// Credentials against the sandbox, with what only a machine or its user has: files, and the environment.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import {
  AuthError,
  AzureCli,
  ClientCertificate,
  DefaultCredential,
  DeviceCode,
  InvalidRequest,
  ManagedIdentity,
  OnBehalfOf,
  RefreshToken,
  Sandbox,
  WorkloadIdentity,
} from 'm365kit';

const folder = mkdtempSync(join(tmpdir(), 'm365kit-credentials-'));
const usual = { ...process.env };
const clientId = '11111111-2222-4333-8444-555555555555';

let sandbox;
before(async () => {
  sandbox = await Sandbox.start({ blobs: 0, clientId, identity: { behaviour: { deviceInterval: 1 } } });
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in usual)) delete process.env[name];
  Object.assign(process.env, usual);
});
after(() => {
  sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const subscriptionsOf = (credential) => sandbox.client({ credential }).audit.listSubscriptions();
const certificate = () => sandbox.control('make_certificate', { register: true });

function file(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

test('a certificate and its key come from files, or as text', async () => {
  const { certificate: own, privateKey } = await certificate();
  const both = own + privateKey;
  const certificatePath = file('certificate.pem', own);
  for (const from of [
    { certificatePath: file('both.pem', both) },
    { certificatePath, keyPath: file('key.pem', privateKey) },
    { certificate: both, algorithm: 'rs256', endpoint: 'v1' },
  ]) {
    assert.ok((await subscriptionsOf(new ClientCertificate({ clientId, ...from }))).length > 0);
  }
  const without = new ClientCertificate({ clientId, certificatePath });
  assert.throws(() => sandbox.client({ credential: without }), InvalidRequest);
});

test('a workload is who its file says', async () => {
  const { token } = await sandbox.control('federated_token');
  const tokenFile = file('token', token);
  assert.ok((await subscriptionsOf(new WorkloadIdentity({ clientId, tokenFile }))).length > 0);
  const other = await sandbox.control('federated_token');
  process.env.AZURE_CLIENT_ID = clientId;
  process.env.AZURE_FEDERATED_TOKEN_FILE = file('token', other.token);
  assert.ok((await subscriptionsOf(new WorkloadIdentity())).length > 0);
});

test('a machine has an identity', async () => {
  process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = sandbox.url;
  assert.ok((await subscriptionsOf(new ManagedIdentity())).length > 0);
  await assert.rejects(subscriptionsOf(new ManagedIdentity({ objectId: 'nobody' })), AuthError);
});

test('the identity of where the program runs is found', async () => {
  process.env.AZURE_CLIENT_ID = clientId;
  process.env.AZURE_CLIENT_SECRET = sandbox.clientSecret;
  assert.ok((await subscriptionsOf(new DefaultCredential())).length > 0);
});

test('a command line that is not there is an AuthError', async () => {
  process.env.PATH = folder;
  await assert.rejects(subscriptionsOf(new AzureCli()), AuthError);
});

test('a service acts for the user who called it', async () => {
  const { token } = await sandbox.control('issue_token', {
    audience: `api://${clientId}`,
    user: 'sadie.lund@contoso.onmicrosoft.com',
    roles: ['access_as_user'],
  });
  const { certificate: own, privateKey } = await certificate();
  for (const client of [
    sandbox.credential,
    new ClientCertificate({ clientId, certificate: own + privateKey }),
  ]) {
    assert.ok((await subscriptionsOf(new OnBehalfOf({ client, userToken: token }))).length > 0);
  }
});

test('a refresh token goes on for the user who signed in', async () => {
  const { authority } = sandbox.cloud.hosts;
  const scope = `${sandbox.cloud.hosts.management}/.default offline_access`;
  const ask = async (path, form) => {
    const body = new URLSearchParams({ client_id: clientId, ...form });
    return (
      await fetch(`${authority}/${sandbox.tenant}/oauth2/v2.0/${path}`, { method: 'POST', body })
    ).json();
  };
  const { device_code } = await ask('devicecode', { scope });
  await sandbox.control('device_code', { steps: ['approved'] });
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
  const { refresh_token: token } = await ask('token', { grant_type, device_code });
  const credential = new RefreshToken({ client: clientId, token });
  assert.ok((await subscriptionsOf(credential)).length > 0);
  await assert.rejects(
    subscriptionsOf(new RefreshToken({ client: clientId, token: 'none' })),
    (error) =>
      error instanceof AuthError && error.interactionRequired && error.oauthError === 'invalid_grant',
  );
});

test('the wrong kind of client is refused, and not shown', () => {
  const display = () => {};
  for (const client of [new DeviceCode({ clientId, display }), new AzureCli(), { secret: 's3cret' }, 7]) {
    assert.throws(
      () => sandbox.client({ credential: new OnBehalfOf({ client, userToken: 's3cret' }) }),
      (error) => {
        assert.ok(error instanceof InvalidRequest, error.stack);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  }
});
