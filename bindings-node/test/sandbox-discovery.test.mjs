// What a sandbox does as the Discovery Service.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InvalidRequest, Sandbox } from 'm365kit';

const user = 'sadie.lund@contoso.onmicrosoft.com';

async function services(sandbox) {
  const { token } = await sandbox.issueToken({ audience: `${sandbox.url}/discovery/`, user });
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  const answer = await fetch(`${sandbox.url}/discovery/v1.0/me/Services`, { headers });
  return { status: answer.status, rows: (await answer.json()).value };
}

test('what is found depends on the user', async (t) => {
  const sandbox = await Sandbox.start({ blobs: 0 });
  t.after(() => sandbox.close());
  assert.equal((await services(sandbox)).rows.length, 7);
  const changed = await sandbox.discoveryUser(user, { consented: ['Mail'] });
  assert.deepEqual(changed.users[user], { licensed: true, consented: ['Mail'] });
  assert.deepEqual(
    (await services(sandbox)).rows.map(({ capability }) => capability),
    ['Mail'],
  );
  await sandbox.discoveryUser(user, { licensed: false });
  assert.deepEqual((await services(sandbox)).rows, []);
  assert.equal((await sandbox.ledger({ operation: 'discovery' })).length, 3);
});

test('it retires and returns', async (t) => {
  const sandbox = await Sandbox.start({ blobs: 0, discovery: { retired: true } });
  t.after(() => sandbox.close());
  assert.equal((await services(sandbox)).status, 410);
  const changed = await sandbox.setDiscovery({ retired: false, mischief: 'foreign_resource' });
  assert.equal(changed.mischief, 'foreign_resource');
  assert.equal((await services(sandbox)).rows[0].serviceResourceId, 'https://tokens.evil.example/');
});

test('domains live where they are said to', async (t) => {
  const sandbox = await Sandbox.start({
    blobs: 0,
    discovery: { domains: { 'gov.example': { cloud: 'dod' } } },
  });
  t.after(() => sandbox.close());
  const answer = await fetch(`${sandbox.url}/gov.example/v2.0/.well-known/openid-configuration`);
  assert.equal((await answer.json()).msgraph_host, 'dod-graph.microsoft.us');
  await assert.rejects(Sandbox.start({ discovery: { mischief: 'kindness' } }), InvalidRequest);
});
