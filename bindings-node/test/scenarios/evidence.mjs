// What a scenario left behind: records against the sandbox's feed, lines in files, requests in the ledger.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { fits, matches } from './matching.mjs';

/** The ids of the sandbox's feed. */
export async function feedIds(sandbox, contentTypes) {
  const types = Array.isArray(contentTypes) ? { contentTypes } : {};
  const { ids } = await sandbox.control('feed', { ...types, ids: true, bytes: false });
  assert.ok(ids.length > 0, "feed: the sandbox's feed is empty, which proves nothing");
  return [...new Set(ids)];
}

/** Compares the ids that were delivered with those that a feed has. */
export function judgeFeed(wanted, delivered, repeats, where = 'feed') {
  const counts = new Map(wanted.map((id) => [id, 0]));
  const strange = delivered.filter((id) => !counts.has(id));
  for (const id of delivered) counts.set(id, (counts.get(id) ?? 0) + 1);
  const lost = wanted.filter((id) => counts.get(id) === 0);
  const twice = repeats ? [] : wanted.filter((id) => counts.get(id) > 1);
  const found = { lost: lost.length, strange: strange.length, twice: twice.length };
  const such = [lost, strange, twice].map(([first]) => first).filter((id) => id !== undefined);
  assert.deepEqual(
    found,
    { lost: 0, strange: 0, twice: 0 },
    `${where}: of ${wanted.length} records ${JSON.stringify(found)}, such as ${such}`,
  );
}

/** Looks into files. */
export async function judgeFiles({ glob, count, records, unique = false, ends, text }, path, sandbox) {
  const where = `files ${glob}`;
  const paths = pathsLike(path);
  if (count !== undefined) matches(paths.length, count, `${where}: count`);
  for (const path of ends === undefined && text === undefined ? [] : paths) {
    const whole = readFileSync(path);
    const has = (at, part) => whole.subarray(at, at + part.length).equals(part);
    const mark = Buffer.from(ends ?? '');
    const whereEnds = whole.length - mark.length;
    assert.ok(has(0, mark) && has(whereEnds, mark), `${where}: ${path} does not begin and end with ${ends}`);
    if (text !== undefined) assert.equal(whole.toString(), text, `${where}: ${path}`);
  }
  if (records === undefined && !unique) return;
  const ids = paths.flatMap((path) => idsOf(path, where));
  if (records === 'feed') judgeFeed(await feedIds(sandbox), ids, !unique, where);
  else if (records !== undefined) matches(ids.length, records, `${where}: records`);
  if (unique) assert.equal(ids.length - new Set(ids).size, 0, `${where}: lines are repetitions`);
}

/** The `Id`s in a file of JSON lines, each of which must be whole. */
function idsOf(path, where) {
  const text = readFileSync(path, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'), `${where}: the last line of ${path} has no end`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { Id } = JSON.parse(line);
      assert.equal(typeof Id, 'string', `${where}: no Id in ${line}`);
      return Id;
    });
}

function pathsLike(glob) {
  const folder = dirname(glob);
  const parts = basename(glob).split('*');
  const pattern = new RegExp(`^${parts.map((part) => part.replace(/[^\w]/g, '\\$&')).join('.*')}$`, 's');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
}

/** Compares the ledger with what must have been seen. */
export function judgeLedger({ match, count, each, contiguous }, requests) {
  const chosen = requests.filter(
    (request) =>
      request.path.includes(match.path ?? '') &&
      request.method === (match.method ?? request.method) &&
      fits(request.query, match.query ?? {}) &&
      fits(request, match.request ?? {}),
  );
  const where = `requests like ${JSON.stringify(match)}`;
  if (count !== undefined) matches(chosen.length, count, where);
  if (each !== undefined) {
    const counts = new Map();
    for (const { path } of chosen) counts.set(path, (counts.get(path) ?? 0) + 1);
    for (const [path, times] of counts) assert.equal(times, each, `${where}: ${path}`);
  }
  if (contiguous) judgeSpans(chosen, where);
}

/** Times without a zone, all in one format, so that their order is that of their text. */
function judgeSpans(requests, where) {
  const spans = new Map();
  for (const { contentType, startTime, endTime } of requests.map(({ query }) => query)) {
    if (!contentType || !startTime || !endTime) continue;
    spans.set(contentType, [...(spans.get(contentType) ?? []), [startTime, endTime]]);
  }
  assert.ok(spans.size > 0, `${where}: none of them asks for a span`);
  for (const [contentType, asked] of spans) {
    asked.sort(([one], [other]) => (one < other ? -1 : 1));
    let reached = asked[0][0];
    for (const [start, end] of asked) {
      assert.ok(start <= reached, `${where}: nobody asked for ${contentType} from ${reached} to ${start}`);
      if (end > reached) reached = end;
    }
  }
}
