// Plays tests/conformance/*.json through the public face; docs/conformance.md describes the format.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import * as m365 from 'm365kit';

const folder =
  process.env.M365KIT_CONFORMANCE ?? join(import.meta.dirname, '..', '..', 'tests', 'conformance');
const only = process.env.M365KIT_ONLY ?? '';
const count = { passed: 0, failed: 0 };

const camelCase = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const camelCased = (object) => Object.fromEntries(Object.entries(object).map(([k, v]) => [camelCase(k), v]));

// Four at a time: most of a scenario is waiting.
describe('conformance', { concurrency: 4 }, () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const { scenarios } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
      test(`${file}: ${scenario.name}`, { timeout: 120_000 }, async () => {
        count.failed += 1;
        await play(scenario);
        count.failed -= 1;
        count.passed += 1;
      });
    }
  }
  after(() => {
    console.log(`conformance in Node: ${count.passed} passed, ${count.failed} failed`);
    assert.ok(count.passed + count.failed > 0, `no scenario in ${folder}`);
  });
});

async function play(scenario) {
  const sandbox = await m365.Sandbox.start(scenario.sandbox);
  let client;
  try {
    const saved = {};
    let overrides = scenario.client ?? {};
    for (const step of scenario.steps) {
      const { now } = await sandbox.control('clock');
      const args = resolve(step.args ?? {}, Date.parse(now), saved);
      if ('control' in step) {
        const answer = await sandbox.control(step.control, args);
        if (step.save) saved[step.save] = answer;
        if ('expect' in step) matches(answer, step.expect, step.control);
      } else if ('client' in step) {
        overrides = { ...overrides, ...step.client };
        const failure = await failureOf(() => (client = open(sandbox, overrides)));
        expectFailure(failure, step.expect?.error);
      } else {
        client ??= open(sandbox, overrides);
        await playCall(client, sandbox, step, args);
      }
    }
    const { requests } = await sandbox.control('ledger');
    for (const { match, count } of scenario.ledger ?? []) {
      const seen = requests.filter(
        (request) =>
          request.path.includes(match.path ?? '') &&
          request.method === (match.method ?? request.method) &&
          fits(request.query, match.query ?? {}),
      );
      matches(seen.length, count, `requests like ${JSON.stringify(match)}`);
    }
  } finally {
    client?.close();
    sandbox.close();
  }
}

/** A client for the sandbox, with the scenario's options laid over. */
function open(sandbox, overrides) {
  const usual = {
    tenant: sandbox.tenant,
    credential: { kind: 'client_secret', client_id: sandbox.clientId, secret: sandbox.clientSecret },
    cloud: { name: 'custom', ...sandbox.cloud.hosts },
    root_certificates: sandbox.caCertificate,
  };
  const layered = layer(usual, overrides);
  const { credential, cloud, ...rest } = layered;
  return new m365.Client({
    ...camelCased(rest),
    credential: credentialOf(credential),
    cloud: cloudOf(cloud),
  });
}

function layer(under, over) {
  const merged = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const both = value !== null && typeof value === 'object' && typeof merged[key] === 'object';
    const differs = (tag) => both && tag in value && value[tag] !== merged[key]?.[tag];
    merged[key] = both && !differs('kind') && !differs('name') ? layer(merged[key], value) : value;
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

function credentialOf({ kind, ...fields }) {
  if (kind === 'client_secret') return new m365.ClientSecret(camelCased(fields));
  assert.equal(kind, 'static_token', 'this runner knows no such credential');
  return new m365.StaticToken(fields.token);
}

function cloudOf({ name, ...hosts }) {
  if (name === 'custom') return m365.Cloud.custom(hosts);
  return m365.Cloud[name.toUpperCase()] ?? assert.fail(`there is no cloud ${name}`);
}

/** Times that are relative to the sandbox's clock, and values that an earlier step has saved. */
function resolve(value, now, saved) {
  if (typeof value === 'string') {
    const time = /^now(?:([+-]\d+)([smhd]))?$/.exec(value);
    if (time) {
      const seconds = Number(time[1] ?? 0) * { s: 1, m: 60, h: 3600, d: 86_400 }[time[2] ?? 's'];
      return new Date(now + seconds * 1000).toISOString();
    }
    if (value.startsWith('$'))
      return value
        .slice(1)
        .split('.')
        .reduce((at, name) => at[name], saved);
    return value;
  }
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => resolve(item, now, saved));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, now, saved)]));
}

async function playCall(client, sandbox, step, args) {
  const { expect } = step;
  const answer = begin(client, step, args);
  if (!(answer instanceof m365.Paged)) {
    let result;
    const failure = await failureOf(async () => (result = await answer));
    expectFailure(failure, expect.error);
    if ('result' in expect)
      matches(Buffer.isBuffer(result) ? result.toString() : result, expect.result, 'result');
    return;
  }
  const items = [];
  const failure = await failureOf(async () => {
    for await (const item of answer) {
      items.push(item);
      if (items.length === step.take) break;
    }
  });
  expectFailure(failure, expect.error);
  if ('count' in expect) matches(items.length, expect.count, 'count');
  if ('first' in expect) matches(items[0], expect.first, 'first');
  if ('last' in expect) matches(items.at(-1), expect.last, 'last');
  if ('items' in expect) matches(items, expect.items, 'items');
  for (const key of ['errors', 'warnings', 'report']) {
    if (key in expect) matches(answer[key], expect[key], key);
  }
  if ('feed' in expect) {
    const contentTypes = expect.feed === true ? {} : { contentTypes: expect.feed };
    const { ids } = await sandbox.control('feed', { ...contentTypes, ids: true });
    assert.deepEqual(
      items.map(({ id }) => id).sort(),
      [...new Set(ids)].sort(),
      'every record of the feed, once',
    );
  }
}

/** Calls an operation by its name in the core: required parameters by position, the others as options. */
function begin(client, { call, payload }, args) {
  const path = call.split('.').map(camelCase);
  const method = path.pop();
  const group = path.reduce((at, name) => at[name], client);
  const [, parameters] = /\(([^)]*)\)/.exec(group[method].toString());
  const positional = parameters.split(',').map((text) => text.split('=')[0].trim());
  assert.equal(positional.pop(), 'options', `${call} takes its options last`);
  const named = camelCased(args);
  const values = positional.map((name) => {
    const value = named[name];
    delete named[name];
    return value;
  });
  return group[method](...values, payload === undefined ? named : { ...named, payload });
}

async function failureOf(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectFailure(failure, expected) {
  if (expected === undefined) {
    if (failure) throw failure;
    return;
  }
  assert.ok(failure, `it must fail with ${JSON.stringify(expected)}`);
  assert.ok(failure instanceof m365.M365Error, `it failed with ${failure.stack}`);
  matches(failure, expected, 'error');
  assert.ok(failure instanceof m365[failure.kind], `${failure.kind} has a class`);
  assert.equal(failure.name, failure.kind);
}

/** Whether a value has what is expected of it. */
function fits(actual, expected) {
  try {
    matches(actual, expected, '');
    return true;
  } catch {
    return false;
  }
}

function matches(actual, expected, where) {
  const said = () => `${where}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`;
  if (expected === null) return assert.ok(actual === null || actual === undefined, said());
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), said());
    assert.equal(actual.length, expected.length, said());
    return expected.forEach((item, index) => matches(actual[index], item, `${where}[${index}]`));
  }
  if (typeof expected !== 'object') return assert.ok(Object.is(actual, expected), said());
  if (expected.$any) return assert.ok(actual !== null && actual !== undefined, said());
  if ('$gte' in expected) return assert.ok(typeof actual === 'number' && actual >= expected.$gte, said());
  if ('$contains' in expected) return assert.ok(String(actual).includes(expected.$contains), said());
  assert.ok(actual !== null && typeof actual === 'object', said());
  const isError = actual instanceof m365.M365Error;
  for (const [key, part] of Object.entries(expected)) {
    const contained = isError && (key === 'message' || key === 'hint') && typeof part === 'string';
    matches(actual[key], contained ? { $contains: part } : part, `${where}.${key}`);
  }
}
