// Columns, as `apache-arrow` reads them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RecordBatchReader, tableFromIPC, Type } from 'apache-arrow';
import { Batches, RecordType, Sandbox } from 'm365kit';

let sandbox;
let records;
before(async () => {
  sandbox = await Sandbox.start({ blobs: 30, records: 10 });
  records = await sandbox.client().audit.records({ last: '24h' }).toArray();
});
after(() => sandbox.close());

const listing = (options) => sandbox.client().audit.records({ last: '24h', ...options });

test('batches hold every record, in the order of the listing', async () => {
  const batches = listing().batches();
  assert.ok(batches instanceof Batches);
  const ids = [];
  for await (const { rows, ipc } of batches) {
    assert.ok(Buffer.isBuffer(ipc));
    const table = tableFromIPC(ipc);
    assert.equal(table.numRows, rows);
    ids.push(...table.getChild('id').toArray());
  }
  assert.deepEqual(
    ids,
    records.map(({ id }) => id),
  );
  assert.equal(batches.report.records, records.length);
});

test('the columns have types', async () => {
  const table = await tableFromIPC(listing().batches().arrow());
  const type = (name) => table.schema.fields.find((field) => field.name === name)?.type;
  for (const name of ['operation', 'workload', 'user_id', 'record_type', 'content_type']) {
    assert.equal(type(name)?.typeId, Type.Dictionary, name);
  }
  assert.equal(type('creation_time').typeId, Type.Timestamp);
  assert.equal(type('client_port').bitWidth, 16);

  const names = new Map(Object.entries(RecordType).map(([name, number]) => [number, name]));
  table.toArray().forEach((row, at) => {
    const record = records[at];
    assert.equal(new Date(row.creation_time).getTime(), Date.parse(record.creationTime));
    assert.equal(row.operation, record.operation);
    assert.equal(row.user_id, record.userId);
    assert.equal(row.client_ip, record.clientIp ?? null);
    assert.equal(row.client_address, record.clientAddress ?? null);
    assert.equal(row.client_port, record.clientPort ?? null);
    assert.equal(row.record_type, names.get(record.recordType) ?? String(record.recordType));
    assert.equal(row.raw, record.raw);
  });
  assert.ok(
    records.some(({ clientIp }) => clientIp === undefined),
    'nulls were compared',
  );
});

test('batches in several pieces are one table, each with dictionaries of its own', async () => {
  const small = () => listing().batches({ batchRows: 16 });
  const pieces = await small().toArray();
  assert.ok(pieces.length > 1);
  const table = await tableFromIPC(small().arrow());
  assert.equal(table.numRows, records.length);
  assert.equal(table.batches.length, pieces.length);
  assert.deepEqual(
    [...table.getChild('operation')],
    records.map(({ operation }) => operation),
  );
  const reader = await RecordBatchReader.from(small().arrow());
  let rows = 0;
  for await (const batch of reader) rows += batch.numRows;
  assert.equal(rows, records.length);
});

test('columns are chosen', async () => {
  const table = await tableFromIPC(
    listing({ extended: ['Version', 'UserAgent'] })
      .batches({ raw: false })
      .arrow(),
  );
  const names = table.schema.fields.map(({ name }) => name);
  assert.ok(!names.includes('raw'));
  assert.deepEqual(names.slice(-2), ['Version', 'UserAgent']);
  assert.deepEqual(
    [...table.getChild('Version')].map(Number),
    records.map(({ data }) => data.Version ?? 0),
  );
});

test('a feed without records is an empty table', async () => {
  const empty = await Sandbox.start({ blobs: 0 });
  const batches = empty.client().audit.records({ last: '24h' }).batches();
  assert.equal((await tableFromIPC(batches.arrow())).numRows, 0);
  empty.close();
});

test('what cannot be is refused before anything is sent', async () => {
  const before = (await sandbox.ledger()).length;
  await assert.rejects(listing().batches({ batchRows: 0 }).toArray(), { name: 'InvalidRequest' });
  await assert.rejects(
    listing({ extended: ['a..b'] })
      .batches()
      .toArray(),
    { name: 'InvalidRequest' },
  );
  assert.equal((await sandbox.ledger()).length, before);
});
