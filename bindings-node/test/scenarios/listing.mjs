// Operations by their names in the core, and listings as scenarios read them.

import assert from 'node:assert/strict';

import { filterOf } from './filters.mjs';
import { camelCased, camelCase } from './names.mjs';

/** Calls an operation: required parameters by position, the others as options. With the listing it hangs below. */
export function begin(client, name, args, extra = {}) {
  const [group, method, below] = name.split('.').map(camelCase);
  if (below) {
    // It takes the arguments of the listing under that one's name.
    const parent = name.split('.')[1];
    const { [parent]: outer = {}, ...inner } = args;
    const { answer: listing } = begin(client, `${group}.${parent}`, outer);
    return { listing, answer: called(listing, below, inner, extra) };
  }
  const { onProgress: _, ...rest } = extra;
  return {
    answer: method ? called(client[group], method, args, rest) : called(client, group, args, rest),
  };
}

function called(owner, method, args, extra) {
  const [, parameters] = /\(([^)]*)\)/.exec(owner[method].toString());
  const positional = parameters.split(',').map((text) => text.split('=')[0].trim());
  assert.equal(positional.pop(), 'options', `${method} takes its options last`);
  const named = camelCased(args);
  if (typeof named.filter === 'object' && named.filter !== null) named.filter = filterOf(named.filter);
  const values = positional.map((name) => {
    const value = named[name];
    delete named[name];
    return value;
  });
  return owner[method](...values, { ...named, ...extra });
}

/** What lines stand for as items: each line with its id. Other items are items. */
function unfolded(item) {
  if (!Buffer.isBuffer(item.bytes)) return [item];
  const lines = item.bytes.toString().split('\n');
  assert.equal(lines.pop(), '', 'the last line has an end');
  assert.equal(lines.length, item.records, 'as many lines as are said');
  return lines.map((raw) => ({ id: JSON.parse(raw).Id, raw }));
}

const recordsOf = ({ records, rows }) => records ?? rows ?? 0;

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
    const seen = { items: [], records: 0, errors: [], warnings: [], report: null, failure: undefined };
    const endless = pages === Infinity && take === Infinity;
    try {
      for (let count = 0; count < pages && seen.items.length < take; count += 1) {
        const { value: page, done } = await this.#pages.next();
        if (done) {
          assert.ok(endless, `it ended after ${count} pages and ${seen.items.length} items`);
          break;
        }
        seen.items.push(...page.flatMap(unfolded));
        for (const item of page) seen.records += recordsOf(item);
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
  let records = 0;
  let failure;
  try {
    for await (const item of listing) {
      items.push(...unfolded(item));
      records += recordsOf(item);
      if (items.length >= take) break;
    }
  } catch (error) {
    failure = error;
  }
  const { errors, warnings, report } = listing;
  return { items, records, errors, warnings, report, failure };
}
