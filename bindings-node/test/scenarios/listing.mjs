// Operations by their names in the core, and listings as scenarios read them.

import assert from 'node:assert/strict';

import { camelCased, camelCase } from './names.mjs';

/** Calls an operation: required parameters by position, the others as options. */
export function begin(client, name, args, payload) {
  const [group, method, below] = name.split('.').map(camelCase);
  if (below) {
    // What can be done with a listing hangs below it, and takes its arguments under its name.
    const { [method]: outer, ...inner } = args;
    const listing = begin(client, `${group}.${name.split('.')[1]}`, outer);
    return called(listing, below, inner);
  }
  return method ? called(client[group], method, args, payload) : called(client, group, args, payload);
}

function called(owner, method, args, payload) {
  const [, parameters] = /\(([^)]*)\)/.exec(owner[method].toString());
  const positional = parameters.split(',').map((text) => text.split('=')[0].trim());
  assert.equal(positional.pop(), 'options', `${method} takes its options last`);
  const named = camelCased(args);
  const values = positional.map((name) => {
    const value = named[name];
    delete named[name];
    return value;
  });
  return owner[method](...values, payload === undefined ? named : { ...named, payload });
}

/** A listing under way, read by whole pages. */
export class Open {
  #listing;
  #pages;

  constructor(listing) {
    this.#listing = listing;
    this.#pages = listing.pages();
    /** What it delivered so far. */
    this.delivered = [];
  }

  /** Reads on: so many pages, or until there are so many items, or to the end. */
  async read({ pages = Infinity, take = Infinity }) {
    const seen = { items: [], errors: [], warnings: [], report: null, failure: undefined };
    const endless = pages === Infinity && take === Infinity;
    try {
      for (let count = 0; count < pages && seen.items.length < take; count += 1) {
        const { value: page, done } = await this.#pages.next();
        if (done) {
          assert.ok(endless, `it ended after ${count} pages and ${seen.items.length} items`);
          break;
        }
        seen.items.push(...page);
        seen.errors.push(...page.errors);
        seen.warnings.push(...page.warnings);
        seen.report = page.report ?? seen.report;
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      seen.failure = error;
    }
    this.delivered.push(...seen.items);
    return seen;
  }

  commit() {
    return this.#listing.commit();
  }

  close() {
    return this.#listing.close();
  }
}

/** Reads a listing item by item, to its end or until there are enough. */
export async function readItems(listing, take) {
  const items = [];
  let failure;
  try {
    for await (const item of listing) {
      items.push(item);
      if (items.length === take) break;
    }
  } catch (error) {
    failure = error;
  }
  const { errors, warnings, report } = listing;
  return { items, errors, warnings, report, failure };
}
