// Credentials, sign-ins and token caches as scenarios describe them.

import assert from 'node:assert/strict';

import * as m365 from 'm365kit';

import { camelCase } from './names.mjs';

/** The parameters that take a function. */
const FUNCTIONS = ['function', 'display', 'assertion', 'sign', 'open'];

/** A credential, as its kind and its fields; for a sign-in, the one that it ends with. */
export async function credentialOf({ kind, ...fields }, { tenant, cloud, sandbox }) {
  const given = {};
  for (const [name, value] of Object.entries(fields)) {
    if (FUNCTIONS.includes(name)) given[camelCase(name)] = functionOf(value, sandbox);
    else if (name === 'client' && typeof value === 'object') {
      given.client = await credentialOf(value, { tenant, cloud, sandbox });
    } else given[camelCase(name)] = value;
  }
  const Kind = m365[camelCase(`_${kind}`)] ?? assert.fail(`there is no credential ${kind}`);
  if (kind === 'static_token') return new Kind(given.token);
  if (kind === 'callback') return new Kind(given.function);
  const made = new Kind(given);
  if (kind === 'browser_sign_in') return made.run(tenant, { cloud });
  return kind === 'sign_in' ? signedIn(made.begin(tenant, { cloud })) : made;
}

async function signedIn(pending) {
  const { status, headers } = await fetch(pending.url, { redirect: 'manual' });
  assert.ok(headers.has('location'), `the sign-in's address answers ${status}`);
  return pending.finish(headers.get('location'));
}

/** A function that does what stands in place of it. */
function functionOf(does, sandbox) {
  if (does === true) return () => undefined;
  if (typeof does === 'string') return () => does;
  if ('error' in does) {
    return () => {
      throw new Error(does.error);
    };
  }
  if ('browse' in does) return browse;
  return async (question) => {
    const { control, args = {}, question: asked, answer } = does;
    const plain = question instanceof Uint8Array ? Buffer.from(question).toString('base64') : question;
    const said = await sandbox.control(control, asked ? { ...args, [asked]: plain } : args);
    const given = answer && said[answer];
    return question instanceof Uint8Array && answer ? Buffer.from(given, 'base64') : given;
  };
}

/** A browser: nobody waits for what it shows in the end. */
function browse(url) {
  fetch(url).then(
    (page) => page.text(),
    () => {},
  );
}

/** A token cache; `shared` are those that have a name in this scenario. */
export function cacheOf({ path, key, passphrase, shared: name }, shared) {
  const seal = key === undefined ? { passphrase } : { key: Buffer.from(key, 'base64'), passphrase };
  if (path !== undefined) return m365.TokenCache.inFile(path, seal);
  if (name === undefined) return new m365.TokenCache();
  if (!shared.has(name)) shared.set(name, new m365.TokenCache());
  return shared.get(name);
}
