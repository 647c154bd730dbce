// The feed as lines, and as files.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Sandbox } from 'm365kit';

let sandbox;
let records;
let folder;
before(async () => {
  sandbox = await Sandbox.start({ blobs: 30, records: 10 });
  records = await sandbox.client().audit.records({ last: '24h' }).toArray();
});
after(() => sandbox.close());
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'm365kit-writing-'))));
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await sandbox.clearFaults();
});

const listing = (options) => sandbox.client().audit.records({ last: '24h', ...options });
const linesIn = (path) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const lost = async () => {
  const [{ contentId }] = await sandbox
    .client()
    .audit.listContent('Audit.Exchange', { last: '24h' })
    .toArray();
  await sandbox.fault({
    match: { operation: 'blob', contentId },
    action: { code: 'AF20050' },
    when: 'always',
  });
};

test('lines are the records as they came', async () => {
  const texts = [];
  for await (const { records: count, bytes } of listing().lines()) {
    assert.ok(Buffer.isBuffer(bytes));
    const lines = bytes.toString().split('\n');
    assert.equal(lines.pop(), '');
    assert.equal(lines.length, count);
    texts.push(...lines);
  }
  assert.deepEqual(
    texts,
    records.map(({ raw }) => raw),
  );
});

test('a file of lines is written whole, and again only when asked', async () => {
  const target = join(folder, 'new', 'day.jsonl');
  const written = await listing().writeJsonl(target);
  assert.equal(written.records, records.length);
  assert.equal(written.bytes, readFileSync(target).length);
  assert.deepEqual(written.files, [target]);
  assert.equal(linesIn(target).length, records.length);

  const before = (await sandbox.ledger()).length;
  await assert.rejects(listing().writeJsonl(target), (error) => error.message.includes('day.jsonl'));
  assert.equal((await sandbox.ledger()).length, before, 'refused before anything was sent');
  await listing().writeJsonl(target, { overwrite: true });
  assert.equal(linesIn(target).length, records.length);
  await listing().writeJsonl(target, { append: true });
  assert.equal(linesIn(target).length, 2 * records.length);
  await assert.rejects(listing().writeJsonl(target, { append: true, overwrite: true }), {
    name: 'InvalidRequest',
  });
});

test('Parquet is one file, or a folder of partitions', async () => {
  const target = join(folder, 'day.parquet');
  const written = await listing().writeParquet(target, { compression: 'snappy' });
  assert.equal(written.records, records.length);
  assert.deepEqual(written.conflicts, {});
  const bytes = readFileSync(target);
  assert.equal(written.bytes, bytes.length);
  assert.equal(bytes.subarray(0, 4).toString() + bytes.subarray(-4).toString(), 'PAR1PAR1');

  const parts = join(folder, 'parts');
  const { files } = await listing().writeParquet(parts, { partitionBy: ['workload'], raw: false });
  assert.deepEqual(
    readdirSync(parts).sort(),
    [...new Set(records.map(({ workload }) => `workload=${workload}`))].sort(),
  );
  assert.ok(files.length > 1 && files.every((file) => existsSync(file)));
  await assert.rejects(listing().writeParquet(parts, { partitionBy: ['workload'] }));
  await assert.rejects(listing().writeParquet(parts, { partitionBy: ['colour'], overwrite: true }), {
    name: 'InvalidRequest',
  });
  await assert.rejects(listing().writeParquet(parts, { compression: 'zip', overwrite: true }), {
    name: 'InvalidRequest',
  });
});

test('what a write met on the way stands on the listing', async () => {
  await lost();
  const collected = listing({ onError: 'collect' });
  const { records: count } = await collected.writeJsonl(join(folder, 'some.jsonl'));
  assert.equal(collected.errors.length, 1);
  assert.equal(collected.report.records, count);
  assert.equal(collected.report.failed, 1);
  assert.ok(count < records.length);
});

test('a write that fails leaves nothing behind, nor touches what stood there', async () => {
  const target = join(folder, 'day.jsonl');
  writeFileSync(target, 'what stood here\n');
  await lost();
  const failing = listing({ onError: 'raise_at_once' });
  await assert.rejects(failing.writeJsonl(target, { overwrite: true }));
  assert.equal(readFileSync(target, 'utf8'), 'what stood here\n');
  assert.deepEqual(readdirSync(folder), ['day.jsonl']);
});

test('a target that cannot be written is said by its name', async () => {
  writeFileSync(join(folder, 'file'), '');
  const target = join(folder, 'file', 'day.parquet');
  await assert.rejects(listing().writeParquet(target), (error) => error.message.includes('day.parquet'));
});

test('a feed is followed into Parquet, each record once', async () => {
  const directory = join(folder, 'followed');
  mkdirSync(directory);
  const state = join(folder, 'followed.m365state');
  const sealed = [];
  let count = 0;
  const feed = sandbox.client().audit.follow(state, { last: '24h', stopWhenCaughtUp: true });
  for await (const step of feed.intoParquet(directory, { extended: ['Version'] })) {
    count += step.records;
    sealed.push(...step.sealed);
  }
  assert.ok(count >= records.length - 1);
  assert.ok(sealed.length > 0 && sealed.every((path) => path.endsWith('.parquet') && existsSync(path)));
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.partial')),
    [],
  );
});
