// Plays a scenario: a sandbox, a client and a folder of its own, its steps, and what the sandbox saw of them.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import * as m365 from 'm365kit';

import { cacheOf, credentialOf } from './credentials.mjs';
import { judgeBytes, taken } from './download.mjs';
import { feedIds, judgeFeed, judgeFiles, judgeLedger } from './evidence.mjs';
import { filled, filledPath } from './filling.mjs';
import { begin, Open, readItems } from './listing.mjs';
import { matches, matchesError } from './matching.mjs';
import { camelCased } from './names.mjs';

export async function play(scenario) {
  const sandbox = await m365.Sandbox.start(scenario.sandbox);
  const stage = new Stage(sandbox, scenario.client ?? {});
  try {
    for (const step of scenario.steps) await stage.step(step);
    const { requests } = await sandbox.control('ledger');
    for (const seen of scenario.ledger ?? []) judgeLedger(seen, requests);
  } finally {
    await stage.clear();
    sandbox.close();
  }
}

class Stage {
  #sandbox;
  #overrides;
  #client;
  #folder = mkdtempSync(join(tmpdir(), 'm365kit-scenario-'));
  #saved = {};
  /** Token caches by the names that clients share them under. */
  #caches = new Map();
  /** Listings by their names; those that are over are left for what they delivered. */
  #listings = new Map();

  constructor(sandbox, overrides) {
    this.#sandbox = sandbox;
    this.#overrides = overrides;
  }

  async step(step) {
    const { now } = await this.#sandbox.control('clock');
    const about = { now: Date.parse(now), saved: this.#saved, folder: this.#folder };
    if ('write' in step) return write(filledPath(step.write, about), filled(step, about));
    const expect = this.#expected(step.expect, about);
    if ('control' in step) return this.#control(step, filled(step.args ?? {}, about), expect);
    if ('client' in step) {
      const failure = await failureOf(async () => (this.#client = await this.#open(step.client, about)));
      return judgeFailure(failure, expect?.error);
    }
    if ('call' in step) await this.#call(step, filled(step.args ?? {}, about), expect, about);
    if ('next' in step)
      await this.#judgePages(await this.#named(step.next).read(step), expect, this.#named(step.next));
    if ('commit' in step)
      judgeFailure(await failureOf(() => this.#named(step.commit).commit()), expect?.error);
    if ('close' in step) await this.#named(step.close).close();
    for (const files of [expect?.files ?? []].flat()) {
      await judgeFiles(files, filledPath(files.glob, about), this.#sandbox);
    }
    return undefined;
  }

  /** Ends what was left open. */
  async clear() {
    await Promise.all([...this.#listings.values()].map((listing) => listing.close()));
    this.#client?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Globs keep their `$tmp`, so that complaints are short. */
  #expected(expect, about) {
    return expect && { ...filled(expect, about), ...('files' in expect && { files: expect.files }) };
  }

  #named(name) {
    return this.#listings.get(name) ?? assert.fail(`no listing is called ${name}`);
  }

  async #control(step, args, expect) {
    const answer = await this.#sandbox.control(step.control, args);
    if (step.save) this.#saved[step.save] = answer;
    if (expect !== undefined) matches(answer, expect, step.control);
  }

  async #call(step, args, expect, about) {
    this.#client ??= await this.#open({}, about);
    const payload =
      step.payload === undefined || typeof step.payload === 'string'
        ? step.payload
        : JSON.stringify(filled(step.payload, about));
    let told = null;
    const { answer, listing } = begin(this.#client, step.call, args, {
      ...(payload !== undefined && { payload }),
      onProgress: (report) => (told = report),
    });
    if (!(answer instanceof m365.Paged)) {
      let result;
      const failure = await failureOf(async () => (result = await answer));
      if (result instanceof m365.Download) {
        const came = await taken(result, step, step.to && filledPath(step.to, about));
        judgeFailure(came.failure, expect.error);
        if ('result' in expect) matches(came.saved, expect.result, 'result');
        if ('bytes' in expect) judgeBytes(came, expect.bytes);
        return;
      }
      judgeFailure(failure, expect.error);
      if ('bytes' in expect) judgeBytes({ bytes: Buffer.alloc(0) }, expect.bytes);
      if ('result' in expect)
        matches(Buffer.isBuffer(result) ? result.toString() : result, expect.result, 'result');
      if (listing) judgeAbout({ ...listing, report: told }, expect);
      return;
    }
    if (step.as || step.pages !== undefined) {
      const open = new Open(answer);
      this.#listings.set(step.as ?? open, open);
      await this.#judgePages(await open.read(step), expect, open);
      if (!step.as) await open.close();
    } else {
      await this.#judgePages(await readItems(answer, step.take), expect);
    }
  }

  async #judgePages({ items, records, failure, ...seen }, expect, open) {
    judgeFailure(failure, expect.error);
    if ('count' in expect) matches(items.length, expect.count, 'count');
    if ('first' in expect) matches(items[0], expect.first, 'first');
    if ('last' in expect) matches(items.at(-1), expect.last, 'last');
    if ('items' in expect) matches(items, expect.items, 'items');
    if ('records' in expect) matches(records, expect.records, 'records');
    judgeAbout(seen, expect);
    if (!('feed' in expect)) return;
    const others = (expect.also ?? []).map((name) => this.#named(name));
    // What a listing has just delivered is among its own already.
    const earlier = others.flatMap((other) => (other === open ? [] : other.delivered));
    const own = others.includes(open) ? open.delivered : items;
    const ids = [...earlier, ...own].map(({ id }) => id);
    judgeFeed(await feedIds(this.#sandbox, expect.feed), ids, expect.repeats);
  }

  /** A client for the sandbox, with the scenario's options laid over, and then the step's. */
  async #open(overrides, about) {
    const sandbox = this.#sandbox;
    const usual = {
      tenant: sandbox.tenant,
      credential: { kind: 'client_secret', client_id: sandbox.clientId, secret: sandbox.clientSecret },
      cloud: { name: 'custom', ...sandbox.cloud.hosts },
      root_certificates: sandbox.caCertificate,
    };
    const laid = filled(layer(layer(usual, this.#overrides), overrides), about);
    const { credential, cloud: named, token_cache: cache, ...rest } = laid;
    const cloud = cloudOf(named);
    return new m365.Client({
      ...camelCased(rest),
      cloud,
      credential: await credentialOf(credential, { tenant: rest.tenant, cloud, sandbox }),
      ...(cache && { tokenCache: cacheOf(cache, this.#caches) }),
    });
  }
}

function layer(under, over) {
  const merged = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const both = isObject(value) && isObject(merged[key]);
    const differs = (tag) => both && tag in value && value[tag] !== merged[key]?.[tag];
    merged[key] = both && !differs('kind') && !differs('name') ? layer(merged[key], value) : value;
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function cloudOf({ name, ...hosts }) {
  if (name === 'custom') return m365.Cloud.custom(hosts);
  return m365.Cloud[name.toUpperCase()] ?? assert.fail(`there is no cloud ${name}`);
}

/** A file of text, or of the same as JSON; perhaps a program. */
function write(path, { text, json, executable = false }) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text ?? JSON.stringify(json));
  if (executable) chmodSync(path, 0o755);
}

async function failureOf(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What came beside the items or the result. */
function judgeAbout(seen, expect) {
  for (const key of ['errors', 'warnings', 'report']) {
    if (key in expect) matches(seen[key], expect[key], key);
  }
}

function judgeFailure(failure, expected) {
  if (expected === undefined) {
    if (failure) throw failure;
    return;
  }
  assert.ok(failure, `it must fail with ${JSON.stringify(expected)}`);
  matchesError(failure, expected);
  assert.ok(failure instanceof m365[failure.kind], `${failure.kind} has a class`);
  assert.equal(failure.name, failure.kind);
}
