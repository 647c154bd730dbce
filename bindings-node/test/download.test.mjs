// Downloads: their connections, their errors, and what interrupts them.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

import { Cancelled, InvalidRequest, NetworkError, NotFound, Sandbox } from 'm365kit';

import { until } from './until.mjs';

let sandbox;
let folder;
beforeEach(async () => {
  sandbox = await Sandbox.start({ blobs: 0 });
  folder = mkdtempSync(join(tmpdir(), 'm365kit-download-'));
});
afterEach(() => {
  sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = '/v1.0/bytes';
const query = { n: '300000' };

async function chunksOf(download) {
  const chunks = [];
  for await (const chunk of download) chunks.push(chunk);
  return chunks;
}

/** Lets bytes come so slowly that nobody waits for the last of them. */
const drip = () =>
  sandbox.fault({ match: { path }, action: { dripBytes: 1000, dripEvery: 0.05 }, when: 'always' });
const aborted = () => until(async () => (await sandbox.ledger({ path })).some((request) => request.aborted));

test('leaving a loop ends the download', async () => {
  await drip();
  for await (const chunk of await sandbox.client().download(path, { query })) {
    assert.ok(chunk.length < 300_000);
    break;
  }
  await aborted();
});

test('a download that is closed gives an error, not an end', async () => {
  await drip();
  const download = await sandbox.client().download(path, { query });
  const iterator = download[Symbol.asyncIterator]();
  await iterator.next();
  const next = iterator.next();
  await download.close();
  await assert.rejects(async () => {
    await next;
    for await (const _ of download);
  }, Cancelled);
  await assert.rejects(download.read(), Cancelled);
  await aborted();
});

for (const [way, take] of [
  ['read', (download) => download.read()],
  ['save', (download) => download.save(folder)],
  ['loop', chunksOf],
]) {
  test(`a signal ends a download while it is taken: ${way}`, async () => {
    await drip();
    const controller = new AbortController();
    const download = await sandbox.client().download(path, { query, signal: controller.signal });
    const reason = new Error('enough');
    const whole = take(download);
    controller.abort(reason);
    await assert.rejects(whole, (error) => error === reason);
    await aborted();
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('a signal ends a download before it begins', async () => {
  await sandbox.fault({ match: { path }, action: { delay: 60 }, when: 'always' });
  const controller = new AbortController();
  const download = sandbox.client().download(path, { query, signal: controller.signal });
  await until(async () => (await sandbox.ledger({ path })).length > 0);
  controller.abort();
  await assert.rejects(download, { name: 'AbortError' });
});

test('a web stream gives the same bytes, and ends the download when it is cancelled', async () => {
  const client = sandbox.client();
  const whole = await (await client.download(path, { query })).read();
  const body = (await client.download(path, { query })).stream();
  assert.deepEqual(Buffer.from(await new Response(body).arrayBuffer()), whole);
  await sandbox.fault({ match: { path }, action: { status: 200, body: '{"a":1}' }, when: 'once' });
  assert.equal(await text((await client.download(path)).stream()), '{"a":1}');
  await drip();
  const reader = (await client.download(path, { query })).stream().getReader();
  assert.ok((await reader.read()).value.length > 0);
  await reader.cancel();
  await aborted();
});

test('a download is saved once, by a path or a URL', async () => {
  const client = sandbox.client();
  const file = join(folder, 'new', 'a.bin');
  const download = await client.download(path, { query });
  const saved = await download.save(pathToFileURL(file));
  assert.deepEqual(saved, { path: file, bytes: 300_000, contentType: 'application/octet-stream' });
  assert.equal(readFileSync(file).length, 300_000);
  await assert.rejects(download.read(), InvalidRequest);
  const again = await client.download(path, { query });
  await assert.rejects(again.save(file), InvalidRequest);
  await again.save(file, { overwrite: true });
});

test('closing the client ends its downloads', async () => {
  await drip();
  const client = sandbox.client();
  const download = await client.download(path, { query });
  const whole = download.read();
  client.close();
  await assert.rejects(whole, Cancelled);
  await aborted();
});

test('errors have their classes', async () => {
  const client = sandbox.client({ attempts: 1 });
  await assert.rejects(client.download('/v1.0/nothing'), NotFound);
  await sandbox.fault({ match: { path }, action: { cutAfter: 10_000 }, when: 'once' });
  await assert.rejects(async () => chunksOf(await client.download(path, { query })), NetworkError);
});

test('how many items there are is not known unless it was asked for', async () => {
  const listing = sandbox.client().audit.listContent('Audit.Exchange');
  for await (const page of listing.pages()) assert.equal(page.total, null);
  assert.equal(listing.count, null);
});
