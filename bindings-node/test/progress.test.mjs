// Progress is told with real numbers, and what goes wrong there reaches the caller.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Sandbox } from 'm365kit';

import { until } from './until.mjs';

let sandbox;
let folder;
before(async () => {
  sandbox = await Sandbox.start({ blobs: 30, records: 10 });
  folder = mkdtempSync(join(tmpdir(), 'm365kit-progress-'));
});
after(() => {
  sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const listing = (options) => sandbox.client().audit.records({ last: '24h', ...options });

/** Reads something to its end, or to its result. */
async function read(what) {
  if (what instanceof Promise) return void (await what);
  for await (const _ of what);
  return undefined;
}

const ways = {
  records: (options) => listing(options),
  lines: (options) => listing().lines(options),
  batches: (options) => listing().batches(options),
  writeJsonl: (options) => listing().writeJsonl(join(folder, 'day.jsonl'), { overwrite: true, ...options }),
  writeParquet: (options) =>
    listing().writeParquet(join(folder, 'day.parquet'), { overwrite: true, ...options }),
  follow: (options) =>
    sandbox
      .client()
      .audit.follow(join(folder, `${Math.random()}.m365state`), { stopWhenCaughtUp: true, ...options }),
};

for (const [name, way] of Object.entries(ways)) {
  test(`${name} tells how far it has come`, async () => {
    const reports = [];
    await read(way({ onProgress: (report) => void reports.push(report) }));
    assert.ok(reports.length > 0);
    for (const [at, { records, bytes }] of reports.entries()) {
      assert.ok(at === 0 || (records >= reports[at - 1].records && bytes >= reports[at - 1].bytes));
    }
    const last = reports.at(-1);
    assert.ok(last.records > 0 && last.bytes > 0 && last.blobs > 0);
  });

  test(`what is thrown in the progress of ${name} reaches the caller, and ends it`, async () => {
    const wrong = new Error('no more');
    const onProgress = () => {
      throw wrong;
    };
    await assert.rejects(read(way({ onProgress })), (error) => error === wrong);
    const later = async () => {
      await sleep(1);
      throw wrong;
    };
    await assert.rejects(read(way({ onProgress: later })), (error) => error === wrong);
  });
}

test('a feed knows how much there is', async () => {
  let last;
  await read(listing({ onProgress: (report) => void (last = report) }));
  assert.equal(last.windows, last.windowsKnown);
  assert.equal(last.blobs, last.blobsKnown);
  assert.equal(last.bytes, last.bytesKnown);
  assert.ok(last.elapsed > 0 && last.rate > 0);
});

test('the progress of a listing is told whichever way it is read, unless that has its own', async () => {
  const told = { outer: 0, inner: 0 };
  const outer = listing({ onProgress: () => void (told.outer += 1) });
  await read(outer.lines());
  assert.ok(told.outer > 0);
  told.outer = 0;
  await read(outer.lines({ onProgress: () => void (told.inner += 1) }));
  assert.ok(told.inner > 0 && told.outer === 0);
});

test('a write whose progress fails leaves nothing behind', async () => {
  const before = readdirSync(folder);
  const onProgress = () => Promise.reject(new Error('no more'));
  await assert.rejects(listing().writeParquet(join(folder, 'never.parquet'), { onProgress }), /no more/);
  // The file goes with the work, which ends on a thread of its own.
  await until(() => readdirSync(folder).length <= before.length);
  assert.deepEqual(readdirSync(folder), before);
});
