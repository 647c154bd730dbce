// What a sandbox does as an authority, beside what the tests of others' libraries ask of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ClientCertificate, InvalidRequest, Sandbox } from 'm365kit';

test('an authority is configured and described', async (t) => {
  const app = { clientId: '11111111-2222-3333-4444-555555555555', consented: false };
  const users = [{ name: 'sadie@contoso.example', displayName: 'Sadie' }];
  const sandbox = await Sandbox.start({ blobs: 0, identity: { apps: [app], users } });
  t.after(() => sandbox.close());
  const { user, apps, federation, managed } = sandbox.identity;
  assert.equal(user, 'sadie@contoso.example');
  assert.equal(apps.at(-1).consented, false);
  assert.equal(federation.issuer, `${sandbox.url}/federation`);
  assert.equal(managed.serverThumbprint, null);
  await sandbox.setBehaviour({ device: ['declined'] });
  assert.deepEqual(sandbox.identity.behaviour.device, ['declined']);
  await assert.rejects(Sandbox.start({ identity: { apps: [{ consent: false }] } }), InvalidRequest);
});

test('a device code goes on as told to', async (t) => {
  const sandbox = await Sandbox.start({ blobs: 0 });
  t.after(() => sandbox.close());
  const { url, tenant, clientId } = sandbox;
  const body = new URLSearchParams({ client_id: clientId, scope: 'openid' });
  await fetch(`${url}/${tenant}/oauth2/v2.0/devicecode`, { method: 'POST', body });
  const [{ userCode, steps, redeemed }] = await sandbox.deviceCodes();
  assert.deepEqual([steps, redeemed], [['pending', 'approved'], false]);
  assert.equal(await sandbox.deviceCode(['slow_down', 'declined'], { userCode }), 1);
  assert.deepEqual((await sandbox.deviceCodes())[0].steps, ['slow_down', 'declined']);
  assert.equal((await sandbox.ledger({ operation: 'device_code' }))[0].login.grant, 'devicecode');
});

test('what is revoked is counted', async (t) => {
  const sandbox = await Sandbox.start({ blobs: 0 });
  t.after(() => sandbox.close());
  const { user } = sandbox.identity;
  const { token } = await sandbox.issueToken({ user, capable: true });
  assert.equal(await sandbox.revokeTokens({ user, insist: true }), 1);
  await sandbox.relent();
  assert.equal(await sandbox.revokeRefreshTokens({ user }), 0);
  assert.ok((await sandbox.secrets()).some(({ value }) => value === token));
  assert.ok((await sandbox.aadsts()).includes(50076));
});

test('a key vault signs', async (t) => {
  const sandbox = await Sandbox.start({ blobs: 0 });
  t.after(() => sandbox.close());
  const { certificate, privateKey, pem } = await sandbox.makeCertificate({ register: true });
  assert.equal(pem, certificate + privateKey);
  const sign = (message) => sandbox.sign(privateKey, message);
  const credential = new ClientCertificate({ clientId: sandbox.clientId, certificate, sign });
  assert.ok((await sandbox.client({ credential }).audit.listSubscriptions()).length > 0);
});

test('the health of services is told', async (t) => {
  const sandbox = await Sandbox.start({ blobs: 0, serviceHealth: { issues: 3, messages: [] } });
  t.after(() => sandbox.close());
  const { id } = await sandbox.addIssue({ service: 'SharePoint Online', endDateTime: null });
  const { status, posts } = await sandbox.addPost(id, { content: 'Soon.', status: 'restoringService' });
  assert.deepEqual([status, posts[0].postType], ['restoringService', 'regular']);
  assert.equal((await sandbox.updateIssue(id, { title: 'Mine' })).title, 'Mine');
  assert.equal((await sandbox.resolveIssue(id, { at: new Date() })).isResolved, true);
  const message = await sandbox.addMessage({ tags: ['Major change'] });
  assert.equal((await sandbox.updateMessage(message.id, { severity: 'high' })).severity, 'high');
  assert.equal((await sandbox.setServiceHealth({ limits: { perHour: 5 }, live: null })).dialect, 'wire');
  const { services, issues, messages } = await sandbox.serviceHealth();
  assert.deepEqual([services.length, issues.length, messages.length], [24, 4, 1]);
  await assert.rejects(sandbox.setServiceHealth({ colour: 1 }), InvalidRequest);
});
