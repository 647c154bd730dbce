// Records are plain objects, handed out one by one from the page in hand.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import { Sandbox } from 'm365kit';

let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 30, records: 10 })));
after(() => sandbox.close());

const listing = (options) => sandbox.client().audit.records({ last: '24h', ...options });

test('a record is a plain object of the fields that it has', async () => {
  for (const record of await listing().toArray()) {
    const fields = { ...record };
    assert.deepEqual(structuredClone(record), fields);
    assert.deepEqual(JSON.parse(JSON.stringify(record)), fields);
    assert.ok(Object.values(fields).every((value) => value !== undefined && value !== null));
    assert.ok(!('raw' in fields) && !('data' in fields));
    assert.ok(inspect(record).includes(`id: '${record.id}'`));
    assert.equal(fields.id, record.data.Id);
    assert.equal(fields.operation, record.data.Operation);
    assert.equal(fields.userId, record.data.UserId);
    assert.equal(fields.clientIp, record.data.ClientIP || undefined);
  }
});

test('records share no object', async () => {
  const records = await listing({ extended: ['Version'] }).toArray();
  const objects = records.flatMap(({ extended, appAccessContext }) => [extended, appAccessContext]);
  const there = objects.filter((value) => value !== null && typeof value === 'object');
  assert.ok(there.length >= records.length);
  assert.equal(new Set(there).size, there.length);
});

test('the text of a record is its own, in any order of asking', async () => {
  const records = await listing().toArray();
  for (const record of records.toReversed()) {
    assert.equal(JSON.parse(record.raw).Id, record.id);
    assert.equal(record.raw, record.raw);
  }
});

test('asking several times at once gives different records, in their order', async () => {
  const whole = await listing().toArray();
  const items = listing()[Symbol.asyncIterator]();
  const asked = whole.map(() => items.next());
  const got = await Promise.all(asked);
  assert.deepEqual(
    got.map(({ value }) => value.id),
    whole.map(({ id }) => id),
  );
  assert.deepEqual(await items.next(), { value: undefined, done: true });
  assert.deepEqual(await items.next(), { value: undefined, done: true });
});

test('a loop that was left is over', async () => {
  const items = listing()[Symbol.asyncIterator]();
  assert.equal((await items.next()).done, false);
  assert.deepEqual(await items.return(), { value: undefined, done: true });
  assert.deepEqual(await items.next(), { value: undefined, done: true });
});

test('a listing that is closed hands out nothing more', async () => {
  const records = listing();
  let count = 0;
  for await (const _ of records) {
    if ((count += 1) === 3) await records.close();
  }
  assert.equal(count, 3);
});

test('other work of the program goes on during a loop', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  for await (const page of listing().pages()) assert.ok(page.length >= 0);
  clearInterval(timer);
  assert.ok(turns > 0);
});
