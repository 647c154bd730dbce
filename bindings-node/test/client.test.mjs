import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import { Client, Paged, RecordType, Sandbox } from 'm365kit';

let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 30, records: 10, pageSize: 10 })));
after(() => sandbox.close());

test('the feed gives every record once', async () => {
  const { ids } = await sandbox.feed({ ids: true });
  const run = sandbox.client().audit.records({ last: '24h' });
  const records = await run.toArray();
  assert.deepEqual(records.map(({ id }) => id).sort(), [...new Set(ids)].sort());
  assert.deepEqual(run.errors, []);
  assert.equal(run.report.records, records.length);
});

test('a record keeps the text it came from, and its values', async () => {
  for await (const record of sandbox.client().audit.records({ last: '24h' })) {
    assert.equal(typeof record.raw, 'string');
    assert.deepEqual(record.data, JSON.parse(record.raw));
    assert.equal(record.data, record.data, 'read once');
    assert.equal(record.data.Id, record.id);
    assert.equal(record.data.RecordType, record.recordType);
    assert.ok(!Number.isNaN(Date.parse(record.creationTime)));
    assert.ok(!('raw' in JSON.parse(JSON.stringify(record))), 'JSON has the fields alone');
    break;
  }
  assert.equal(RecordType.ExchangeAdmin, 1);
});

test('pages come one by one, and a listing goes on from a token', async () => {
  const client = sandbox.client();
  const list = (token) => client.audit.listContent('Audit.Exchange', { last: '24h', token });
  const all = (await list().toArray()).map(({ contentId }) => contentId);
  const listing = list();
  assert.ok(listing instanceof Paged);
  for await (const page of listing.pages()) {
    assert.ok(Array.isArray(page));
    if (listing.token === null) return;
    const rest = (await list(listing.token).toArray()).map(({ contentId }) => contentId);
    assert.deepEqual([...page.map(({ contentId }) => contentId), ...rest], all);
    break;
  }
});

test('a listing can be read again, from the beginning', async () => {
  const listing = sandbox.client().audit.listContent('Audit.Exchange', { last: '24h' });
  assert.deepEqual(await listing.toArray(), await listing.toArray());
});

test('times are taken as Date and as text', async () => {
  const client = sandbox.client();
  const end = new Date(await sandbox.clock());
  const start = new Date(end.getTime() - 3_600_000);
  const byDate = await client.audit.listContent('Audit.Exchange', { start, end }).toArray();
  const byText = await client.audit
    .listContent('Audit.Exchange', { start: start.toISOString(), end: end.toISOString() })
    .toArray();
  assert.deepEqual(byDate, byText);
});

test('two clients work at once', async () => {
  const other = await Sandbox.start({ seed: 2, blobs: 10, records: 10 });
  const [one, two] = await Promise.all(
    [sandbox, other].map((it) => it.client().audit.records({ last: '24h' }).toArray()),
  );
  assert.equal(one.length, (await sandbox.feed()).uniqueRecords);
  assert.equal(two.length, (await other.feed()).uniqueRecords);
  const clients = [sandbox.client(), sandbox.client()];
  clients[0].close();
  assert.ok((await clients[1].audit.listSubscriptions()).length > 0);
  other.close();
});

test('any request goes through the client', async () => {
  const client = sandbox.client();
  const path = `/api/v1.0/${sandbox.tenant}/activity/feed/subscriptions/list`;
  const list = await client.request('GET', path, { service: 'management' });
  assert.ok(Array.isArray(list));
});

test('a client and a sandbox are disposable', async () => {
  const other = new Sandbox({ blobs: 0 });
  const client = other.client();
  assert.ok(client instanceof Client);
  client[Symbol.dispose]();
  await assert.rejects(client.audit.listSubscriptions(), { name: 'Cancelled' });
  await other[Symbol.asyncDispose]();
  await assert.rejects(other.clock(), { name: 'InvalidRequest', message: /closed/ });
  other.close();
});

test('a sandbox speaks HTTPS with a certificate of its own', async () => {
  const other = await Sandbox.start({ https: true, blobs: 2 });
  assert.match(other.url, /^https:/);
  assert.ok((await other.client().audit.listSubscriptions()).length > 0);
  other.close();
});

test('what is printed is useful', () => {
  assert.match(inspect(sandbox), /^Sandbox \{\s+url: 'http:\/\/127/);
  assert.match(inspect(sandbox.client()), /tenant/);
});
