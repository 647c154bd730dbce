// Following: what is safe, what comes again, and who holds the state.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { Conflict, DecodeError, Following, InvalidRequest, M365Error, NotFound, Sandbox } from 'm365kit';

import { until } from './until.mjs';

const programs = join(import.meta.dirname, 'programs');
const quick = { pollInterval: 0.05, lag: 3 };

let sandbox;
let feed;
let folder;
let state;
before(async () => {
  // More records than two batches hold.
  sandbox = await Sandbox.start({ blobs: 60, records: 50 });
  // All of it is older than the lag.
  await sandbox.advance(10);
  feed = (await sandbox.feed({ ids: true })).ids.sort();
});
after(() => sandbox.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'm365kit-follow-'));
  state = join(folder, 'tenant.m365state');
});
afterEach(async () => {
  await sandbox.clearFaults();
  rmSync(folder, { recursive: true, force: true });
});

const idsOf = (records) => records.map(({ id }) => id).sort();
const follow = (options = {}, client = sandbox.client({ rateLimit: 60_000 })) =>
  client.audit.follow(state, { ...quick, ...options });
/** All that a follower gets which stops when it has caught up. */
const rest = async (options = {}) => idsOf(await follow({ stopWhenCaughtUp: true, ...options }).toArray());

/** The pages of a loop that is left after so many of them. */
async function pagesOf(following, count) {
  const pages = [];
  for await (const page of following.pages()) {
    pages.push(idsOf(page));
    if (pages.length === count) break;
  }
  return pages;
}

test('a follower gets everything once, and the next one goes on from there', async () => {
  const following = follow({ stopWhenCaughtUp: true });
  assert.ok(following instanceof Following);
  const records = await following.toArray();
  assert.deepEqual(idsOf(records), feed);
  assert.deepEqual(following.errors, []);
  assert.equal(following.report.records, feed.length);
  assert.equal(following.report.parked, 0);
  assert.equal(typeof following.report.behind, 'number');
  assert.equal(records[0].data.Id, records[0].id);
  assert.deepEqual(await rest(), []);
  const { tenant, contentTypes, remembered } = await sandbox.client().audit.inspectState(state);
  assert.equal(tenant, sandbox.tenant);
  assert.equal(remembered, 60);
  assert.deepEqual(
    contentTypes.map(({ open, parked }) => ({ open, parked })),
    Array.from({ length: 5 }, () => ({ open: 0, parked: [] })),
  );
  assert.equal(typeof (await sandbox.client().audit.exportState(state)), 'object');
});

test('asking for the next page says that the one before is safe', async () => {
  const [first, second] = await pagesOf(follow(), 2);
  const again = await rest();
  assert.deepEqual([...first, ...again].sort(), feed, 'the first comes no more, all else does');
  assert.ok(second.every((id) => again.includes(id)));
});

test('a page that a loop over items has left comes again', async () => {
  let items = 0;
  for await (const _ of follow()) if ((items += 1) === 3) break;
  assert.deepEqual(await rest(), feed);
});

test('in manual mode nothing is safe that was not committed', async () => {
  await pagesOf(follow({ commit: 'manual' }), 2);
  assert.deepEqual(await rest({ commit: 'manual' }), feed, 'nothing was committed');
  const following = follow({ commit: 'manual' });
  const seen = [];
  for await (const page of following.pages()) {
    seen.push(...idsOf(page));
    await following.commit();
    if (seen.length > 1000) break;
  }
  assert.deepEqual([...seen, ...(await rest())].sort(), feed);
});

test('a commit counts the pages that have arrived, also while the next one is waited for', async () => {
  const following = follow({ commit: 'manual' });
  const pages = following.pages();
  const { value: first } = await pages.next();
  const second = pages.next();
  // As late as can be: the page is there, and nobody has it.
  const ready = Date.now() + 300;
  while (Date.now() < ready);
  await following.commit();
  await second;
  await pages.return();
  assert.deepEqual([...idsOf(first), ...(await rest())].sort(), feed, 'the second comes again');
});

test('what is committed after the end counts, and holds the state until then', async () => {
  const following = follow({ commit: 'manual', stopWhenCaughtUp: true });
  assert.deepEqual(idsOf(await following.toArray()), feed);
  await following.commit();
  assert.deepEqual(await rest(), []);
  await assert.rejects(following.commit(), InvalidRequest);
});

test('a commit that cannot be right is refused', async () => {
  const following = follow({ commit: 'manual' });
  await assert.rejects(following.commit(), { name: 'InvalidRequest', message: /nothing was handed out/ });
  await assert.rejects(following.commit({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  for await (const _ of following) {
    await assert.rejects(following.commit(), { name: 'InvalidRequest', message: /not handed out yet/ });
    break;
  }
  await assert.rejects(following.commit(), { name: 'InvalidRequest', message: /ended/ });
});

test('a state belongs to one follower at a time', async () => {
  const following = follow();
  const pages = following.pages();
  await pages.next();
  await assert.rejects(rest(), Conflict, 'in this process');
  assert.match(await said('follow.mjs', '1'), /^Conflict/, 'in another');
  await following.close();
  assert.match(await said('follow.mjs', '1'), /^1 pages/, 'free at once');
});

test('a follower that is closed while it waits ends as if there were no more', async () => {
  assert.deepEqual(await rest(), feed);
  const following = follow();
  const waiting = following.toArray();
  await until(async () => following.report !== null || (await sandbox.ledger()).length > 0);
  await sleep(100);
  await following.close();
  assert.deepEqual(await waiting, []);
  assert.deepEqual(await rest(), [], 'and gives the state back');
  const held = follow();
  void held.pages().next();
  await held[Symbol.asyncDispose]();
  assert.deepEqual(await rest(), []);
});

test('an aborted signal ends a follower, its requests too', async () => {
  await sandbox.clearLedger();
  await sandbox.fault({ match: { operation: 'blob' }, action: { stall: true }, when: 'always' });
  const controller = new AbortController();
  const waiting = follow({ signal: controller.signal }).toArray();
  const blobs = async (aborted) =>
    (await sandbox.ledger({ path: '/audit/' })).some((request) => !aborted || request.aborted);
  await until(() => blobs(false));
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await until(() => blobs(true));
  assert.ok(await blobs(true), 'the sandbox saw the client leave');
  await sandbox.clearFaults();
  assert.deepEqual(await rest(), feed);
});

test('errors stay with their page, and of all only the newest are kept', async () => {
  const other = await Sandbox.start({ blobs: 0 });
  // What is no record is an error each, with its place in the blob.
  const body = JSON.stringify(Array.from({ length: 1100 }, (_, index) => index));
  await other.addContent({ contentType: 'Audit.Exchange', body, created: new Date(Date.now() - 60_000) });
  const following = follow({ stopWhenCaughtUp: true }, other.client());
  const counted = [];
  for await (const page of following.pages()) counted.push(...page.errors);
  assert.deepEqual(
    counted.map(({ index }) => index),
    JSON.parse(body),
  );
  assert.ok(counted[0] instanceof DecodeError, String(counted[0]));
  assert.equal(following.errors.length, 1000);
  assert.equal(following.errors.at(-1), counted.at(-1));
  other.close();
});

test('into files: every record once, whatever ends it', async () => {
  const directory = join(folder, 'files');
  for await (const step of follow().intoJsonl(directory)) {
    assert.ok(step.records > 0);
    break;
  }
  const steps = await follow({ stopWhenCaughtUp: true }).intoJsonl(directory, { maxBytes: 1e6 }).toArray();
  assert.ok(steps.at(-1).sealed.length > 0);
  const again = await follow({ stopWhenCaughtUp: true }).intoJsonl(directory).toArray();
  assert.equal(
    again.reduce((sum, { records }) => sum + records, 0),
    0,
  );
  const names = readdirSync(directory);
  assert.ok(
    names.every((name) => /^\d{4}-\d\d-\d\d\.[\w.]+\.\d{6}\.jsonl$/.test(name)),
    String(names),
  );
  const lines = names.flatMap((name) => readFileSync(join(directory, name), 'utf8').trimEnd().split('\n'));
  assert.deepEqual(lines.map((line) => JSON.parse(line).Id).sort(), feed);
});

test('either signal ends what hangs below a follower', async () => {
  const directory = join(folder, 'files');
  const [outer, inner] = [new AbortController(), new AbortController()];
  for (const controller of [outer, inner]) {
    const following = follow({ signal: outer.signal.aborted ? undefined : outer.signal });
    const waiting = following.intoJsonl(directory, { signal: inner.signal }).toArray();
    await sleep(50);
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
  }
});

test('a state that cannot be one is refused and left alone', async () => {
  await assert.rejects(follow({ pollInterval: 0 }).toArray(), InvalidRequest);
  await assert.rejects(follow({ lag: 1 }).toArray(), { name: 'InvalidRequest', message: /lag/ });
  await assert.rejects(sandbox.client().audit.inspectState(state), NotFound);
  const nowhere = join(folder, 'no', 'such', 'folder', 'state');
  await assert.rejects(sandbox.client().audit.follow(nowhere).toArray(), InvalidRequest);
  await rest();
  const other = await Sandbox.start({ seed: 2, blobs: 1 });
  const before = await sandbox.client().audit.exportState(state);
  await assert.rejects(follow({}, other.client()).toArray(), M365Error, 'it is of another tenant');
  assert.deepEqual(await sandbox.client().audit.exportState(state), before);
  other.close();
  writeFileSync(state, 'what somebody wrote');
  await assert.rejects(follow().toArray(), M365Error);
  assert.equal(readFileSync(state, 'utf8'), 'what somebody wrote');
});

test('worker threads follow beside the main thread, and give the state back when they are terminated', async () => {
  const { tenant, clientId, clientSecret, cloud } = sandbox;
  const about = { tenant, clientId, clientSecret, hosts: cloud.hosts };
  const count = (path) => {
    const worker = new Worker(join(programs, 'follow-worker.mjs'), { workerData: { ...about, state: path } });
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  };
  const others = [1, 2].map((number) => count(`${state}-${number}`));
  assert.deepEqual(await rest(), feed);
  assert.deepEqual(await Promise.all(others), [feed.length, feed.length]);

  const endless = { ...about, state, endless: true };
  for (let round = 0; round < 5; round += 1) {
    const worker = new Worker(join(programs, 'follow-worker.mjs'), { workerData: endless });
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    // Its last request is taken back a moment later.
    let got;
    await until(async () => (got = await rest().catch((error) => error)) instanceof Array);
    assert.deepEqual(got, [], `round ${round}`);
  }
});

test('a program that exits in the middle of following leaves a good state', async () => {
  for (let delay = 0; delay < 300; delay += 30) {
    const output = await said('follow.mjs', 'exit', String(delay));
    assert.equal(output, '', output);
  }
  const left = await rest();
  assert.ok(left.every((id) => feed.includes(id)));
  assert.equal(new Set(left).size, left.length);
  assert.equal((await sandbox.client().audit.inspectState(state)).remembered, 60);
});

/** What a program says that follows the same feed with the same state. */
async function said(program, ...args) {
  const { tenant, clientId, clientSecret, cloud } = sandbox;
  const about = JSON.stringify({ tenant, clientId, clientSecret, hosts: cloud.hosts, state });
  const child = spawn(process.execPath, [join(programs, program), about, ...args], { timeout: 60_000 });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const [code, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
  assert.equal(signal, null, output);
  assert.equal(code, 0, output);
  return output;
}
