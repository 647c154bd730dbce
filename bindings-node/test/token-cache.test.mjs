// Token caches: shared, moved, and kept in places.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidRequest, onLog, Sandbox, TokenCache } from 'm365kit';

let sandbox;
beforeEach(async () => (sandbox = await Sandbox.start({ blobs: 0 })));
afterEach(() => sandbox.close());

const folder = mkdtempSync(join(tmpdir(), 'm365kit-cache-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** How often a token was asked for by new clients, one after the other. */
async function asked(...caches) {
  for (const tokenCache of caches) {
    assert.ok((await sandbox.client({ tokenCache }).audit.listSubscriptions()).length > 0);
  }
  return (await sandbox.ledger({ path: '/oauth2/v2.0/token' })).length;
}

test('clients that share a cache ask once, and others for themselves', async () => {
  const cache = new TokenCache();
  assert.equal(await asked(cache, cache), 1);
  assert.equal(await asked(undefined, undefined), 3);
});

test('what one cache exports another takes in', async () => {
  const cache = new TokenCache();
  const other = new TokenCache();
  await asked(cache);
  const bytes = cache.export();
  assert.ok(Buffer.isBuffer(bytes));
  other.import(new Uint8Array(bytes));
  assert.equal(await asked(other), 1);
});

test('what was not exported is refused, and not shown', () => {
  for (const wrong of [Buffer.from('s3cret'), Buffer.alloc(0)]) {
    assert.throws(
      () => new TokenCache().import(wrong),
      (error) => {
        assert.match(error.name, /InvalidRequest|DecodeError|StorageError/);
        assert.doesNotMatch(error.stack, /s3cret/);
        return true;
      },
    );
  }
});

for (const [name, key] of [
  ['a passphrase', { passphrase: 'correct horse' }],
  ['a key', { key: new Uint8Array(32).fill(7) }],
]) {
  test(`a file under ${name} outlives the cache`, async () => {
    const path = join(folder, `${name}.bin`);
    assert.equal(await asked(TokenCache.inFile(path, key), TokenCache.inFile(path, key)), 1);
    const text = readFileSync(path, 'latin1');
    const { secrets } = await sandbox.control('secrets');
    assert.ok(secrets.every(({ value }) => !text.includes(value)));
  });
}

test('a file needs one key, of the right length', () => {
  for (const wrong of [
    {},
    { key: new Uint8Array(31) },
    { key: 'text' },
    { passphrase: '' },
    { key: new Uint8Array(32), passphrase: 'both' },
  ]) {
    assert.throws(() => TokenCache.inFile(join(folder, 'x'), wrong), InvalidRequest);
  }
});

for (const [when, given] of [
  ['at once', (answer) => answer],
  ['later', async (answer) => (await sleep(5), answer)],
]) {
  test(`a store that answers ${when} keeps the tokens`, async () => {
    let kept;
    const store = { load: () => given(kept), save: (bytes) => given(void (kept = bytes)) };
    assert.equal(await asked(TokenCache.withStore(store)), 1);
    assert.ok(Buffer.isBuffer(kept));
    assert.equal(await asked(TokenCache.withStore(store)), 1);
    assert.equal(await asked(TokenCache.withStore({ load: () => given(null), save: () => {} })), 2);
  });
}

test('a store that fails is a warning, and fails no call', async () => {
  const warnings = [];
  onLog((event) => warnings.push(event), 'warn');
  const broken = () => {
    throw new Error('the disk is gone');
  };
  assert.equal(await asked(TokenCache.withStore({ load: broken, save: () => Promise.reject(broken) })), 1);
  assert.equal(await asked(TokenCache.withStore({ load: () => 's3cret', save: () => {} })), 2);
  await sleep(100);
  onLog(null);
  const told = JSON.stringify(warnings);
  assert.match(told, /the disk is gone/);
  assert.match(told, /the load function is to give bytes, and gave string/);
  assert.doesNotMatch(told, /s3cret/);
});

test('a store has to have both functions', () => {
  for (const wrong of [{}, { load: () => null }, { save: () => {} }]) {
    assert.throws(() => TokenCache.withStore(wrong), {
      name: 'InvalidRequest',
      message: 'a store of tokens has two functions: load and save',
    });
  }
  assert.throws(() => TokenCache.withStore({ load: 's3cret', save: () => {} }), {
    name: 'InvalidRequest',
    message: 'load is to be a function, and is string',
  });
});

test('a keyring is not touched before a token is needed; on Linux it is refused with what to do', () => {
  const make = () => TokenCache.inKeyring('m365kit-test');
  if (process.platform === 'linux') assert.throws(make, { name: 'InvalidRequest', hint: /in a file/ });
  else assert.ok(make() instanceof TokenCache);
});
