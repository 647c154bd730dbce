// Stopping is seen on the wire.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Cancelled, Sandbox } from 'm365kit';

import { until } from './until.mjs';

let sandbox;
beforeEach(async () => (sandbox = await Sandbox.start({ blobs: 40, records: 5 })));
afterEach(() => sandbox.close());

/** Waits until the ledger has a request that the client left. */
async function aborted(path) {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await sandbox.ledger({ path })).some((request) => request.aborted)) return true;
    await sleep(20);
  }
  return false;
}

const stall = (operation) => sandbox.fault({ match: { operation }, action: { stall: true }, when: 'always' });
const seen = async (path) => (await sandbox.ledger({ path })).length > 0;

test('an aborted signal ends a call and its request', async () => {
  await stall('subscriptions');
  const client = sandbox.client();
  const controller = new AbortController();
  const call = client.audit.listSubscriptions({ signal: controller.signal });
  await until(() => seen('/subscriptions/list'));
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(call, (error) => error === reason);
  assert.ok(await aborted('/subscriptions/list'), 'the sandbox saw the client leave');
});

test('a signal that has fired already sends nothing', async () => {
  const client = sandbox.client();
  const signal = AbortSignal.abort();
  await assert.rejects(client.audit.listSubscriptions({ signal }), { name: 'AbortError' });
  await assert.rejects(client.audit.records({ last: '1h', signal }).toArray(), { name: 'AbortError' });
  assert.equal((await sandbox.ledger()).length, 0);
});

test('a timeout signal throws its own error', async () => {
  await stall('subscriptions');
  const signal = AbortSignal.timeout(100);
  await assert.rejects(sandbox.client().audit.listSubscriptions({ signal }), { name: 'TimeoutError' });
});

test('an aborted signal ends a feed while it waits', async () => {
  await stall('blob');
  const controller = new AbortController();
  const run = sandbox.client().audit.records({ last: '24h', signal: controller.signal }).toArray();
  await until(() => seen('/audit/'));
  controller.abort();
  await assert.rejects(run, { name: 'AbortError' });
  assert.ok(await aborted('/audit/'), 'the sandbox saw the client leave');
});

test('an aborted signal ends a feed between two items', async () => {
  const controller = new AbortController();
  let items = 0;
  await assert.rejects(
    async () => {
      for await (const _ of sandbox.client().audit.records({ last: '24h', signal: controller.signal })) {
        if ((items += 1) === 3) controller.abort();
      }
    },
    { name: 'AbortError' },
  );
  assert.equal(items, 3);
});

test('leaving a loop ends the requests of the feed', async () => {
  const client = sandbox.client({ concurrency: 4 });
  await sandbox.fault({ match: { operation: 'blob' }, action: { stall: true }, when: { every: 2 } });
  for await (const _ of client.audit.records({ last: '24h', ordered: false })) {
    await sleep(500); // the feed reads ahead meanwhile, and meets the stalled blobs
    break;
  }
  assert.ok(await aborted('/audit/'), 'the sandbox saw the client leave');
  const before = (await sandbox.ledger()).length;
  await sleep(200);
  assert.equal((await sandbox.ledger()).length, before, 'nothing more was sent');
});

const folder = mkdtempSync(join(tmpdir(), 'm365kit-cancel-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const ways = {
  lines: (records, options) => records.lines(options).toArray(),
  batches: (records, options) => records.batches(options).toArray(),
  arrow: async (records, options) => {
    for await (const _ of records.batches(options).arrow());
  },
  writeJsonl: (records, options) => records.writeJsonl(join(folder, 'day.jsonl'), options),
  writeParquet: (records, options) => records.writeParquet(join(folder, 'day'), options),
};
for (const [name, way] of Object.entries(ways)) {
  for (const whose of ['its own signal', "the listing's signal"]) {
    test(`${whose} ends ${name} on the wire, and leaves nothing behind`, async () => {
      await stall('blob');
      const controller = new AbortController();
      const { signal } = controller;
      const records = sandbox.client().audit.records(whose.startsWith('its') ? {} : { signal });
      const run = way(records, whose.startsWith('its') ? { signal } : {});
      await until(() => seen('/audit/'));
      controller.abort();
      await assert.rejects(run, { name: 'AbortError' });
      assert.ok(await aborted('/audit/'), 'the sandbox saw the client leave');
      assert.deepEqual(readdirSync(folder), []);
    });
  }
}

test('leaving a loop over batches ends the requests', async () => {
  await sandbox.fault({ match: { operation: 'blob' }, action: { stall: true }, when: { every: 7 } });
  const records = sandbox.client({ concurrency: 4 }).audit.records({ last: '24h', ordered: false });
  for await (const _ of records.batches({ batchRows: 5 })) {
    await sleep(500); // what is read ahead meets a stalled blob
    break;
  }
  assert.ok(await aborted('/audit/'), 'the sandbox saw the client leave');
});

test('listeners are taken off the signal', async () => {
  const controller = new AbortController();
  const counts = { on: 0, off: 0 };
  const { addEventListener, removeEventListener } = controller.signal;
  controller.signal.addEventListener = (...args) => (
    (counts.on += 1),
    addEventListener.apply(controller.signal, args)
  );
  controller.signal.removeEventListener = (...args) => (
    (counts.off += 1),
    removeEventListener.apply(controller.signal, args)
  );
  const client = sandbox.client();
  await client.audit.listSubscriptions({ signal: controller.signal });
  for await (const _ of client.audit.records({ last: '24h', signal: controller.signal })) break;
  assert.equal(counts.on, 2);
  assert.equal(counts.off, 2);
});

test('closing the client ends what is in flight as Cancelled', async () => {
  await stall('subscriptions');
  const client = sandbox.client();
  const call = client.audit.listSubscriptions();
  await until(() => seen('/subscriptions/list'));
  client.close();
  await assert.rejects(call, (error) => error instanceof Cancelled && error.kind === 'Cancelled');
});
