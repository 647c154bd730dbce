import { inspect } from 'node:util';

import type { Duration } from './arguments';
import { refused } from './errors';

/** What a property can be compared with. A `Date` is an instant. */
export type FilterValue = string | number | boolean | null | Date | Literal;

/** A condition as it crosses: JSON. */
type Tree = string | { readonly [member: string]: unknown };

const SIGNS: Record<string, string> = { eq: '===', ne: '!==', gt: '>', ge: '>=', lt: '<', le: '<=' };

/** A value that JavaScript has no type for: see {@link guidLiteral}, {@link enumLiteral}, {@link dateLiteral}. */
export class Literal {
  readonly #json: object;

  /** @internal */
  constructor(json: object) {
    this.#json = json;
  }

  /** As it crosses. */
  toJSON(): object {
    return this.#json;
  }
}

/** A GUID, such as a directory id. Microsoft Graph keeps most ids as texts: compare those with a text. */
export function guidLiteral(text: string): Literal {
  return new Literal({ guid: text });
}

/** The member of an enumeration by its name, such as `serviceDegradation`. */
export function enumLiteral(member: string): Literal {
  return new Literal({ enum: member });
}

/** A day such as `2026-11-20`, for properties that have no time. */
export function dateLiteral(day: string): Literal {
  return new Literal({ date: day });
}

/** A length of time: seconds, or text such as `'24h'`. */
export function durationLiteral(length: Duration): Literal {
  return new Literal({ duration: length });
}

/**
 * Which things a listing gives; made by comparing a {@link field}.
 *
 * `field('isResolved').eq(false).and(field('service').eq('Exchange Online'))`
 */
export class Filter {
  readonly #tree: Tree;

  /** @internal */
  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** An OData expression as the service takes it, to be joined with others. */
  static raw(expression: string): Filter {
    return new Filter(expression);
  }

  /** Both hold. */
  and(other: Filter | string): Filter {
    return this.#join('and', other);
  }

  /** At least one holds. */
  or(other: Filter | string): Filter {
    return this.#join('or', other);
  }

  /** It does not hold. */
  not(): Filter {
    return new Filter({ not: this.#tree });
  }

  /** As it crosses. */
  toJSON(): unknown {
    return this.#tree;
  }

  /** As it was written. */
  toString(): string {
    return shown(this.#tree);
  }

  [inspect.custom](): string {
    return `Filter ${shown(this.#tree)}`;
  }

  #join(word: 'and' | 'or', other: Filter | string): Filter {
    const parts = typeof this.#tree === 'string' ? undefined : this.#tree[word];
    return new Filter({
      [word]: [...(Array.isArray(parts) ? (parts as Tree[]) : [this.#tree]), treeOf(other)],
    });
  }
}

/** A property that a filter speaks of; made by {@link field} and {@link element}. */
export class Field {
  readonly #name: string;

  /** @internal */
  constructor(name: string) {
    this.#name = name;
  }

  /** It equals the value. */
  eq(value: FilterValue): Filter {
    return this.#is('eq', value);
  }

  /** It differs from the value. */
  ne(value: FilterValue): Filter {
    return this.#is('ne', value);
  }

  /** It is greater, or later. */
  gt(value: FilterValue): Filter {
    return this.#is('gt', value);
  }

  /** It is greater or equal. */
  ge(value: FilterValue): Filter {
    return this.#is('ge', value);
  }

  /** It is less, or earlier. */
  lt(value: FilterValue): Filter {
    return this.#is('lt', value);
  }

  /** It is less or equal. */
  le(value: FilterValue): Filter {
    return this.#is('le', value);
  }

  /** It is a text that begins with this one. */
  startsWith(text: string): Filter {
    return this.#is('startswith', text);
  }

  /** It is a text that ends with this one. */
  endsWith(text: string): Filter {
    return this.#is('endswith', text);
  }

  /** It is a text that holds this one. */
  contains(text: string): Filter {
    return this.#is('contains', text);
  }

  /** At least one element of this collection is so. */
  any(of: Filter | string): Filter {
    return new Filter({ any: this.#name, where: treeOf(of) });
  }

  /** All elements of this collection are so. */
  all(of: Filter | string): Filter {
    return new Filter({ all: this.#name, where: treeOf(of) });
  }

  #is(op: string, value: FilterValue): Filter {
    return new Filter({ field: this.#name, op, value: literal(this.#name, value) });
  }
}

/** Begins a filter: a property as the service spells it, such as `isResolved`, or a path. */
export function field(name: string): Field {
  return new Field(name);
}

/** The element of a collection itself, within {@link Field.any} and {@link Field.all}. */
export function element(): Field {
  return new Field('');
}

/** The filter does not hold. */
export function not(filter: Filter | string): Filter {
  return new Filter({ not: treeOf(filter) });
}

function treeOf(filter: Filter | string): Tree {
  if (typeof filter === 'string') return filter;
  if (filter instanceof Filter) return filter.toJSON() as Tree;
  throw refused(`a filter is a text, or made by field(), not ${inspect(filter)}`);
}

function literal(name: string, value: FilterValue): unknown {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(`${name} is compared with an invalid Date`);
    return { time: value.toISOString() };
  }
  if (value instanceof Literal) return value.toJSON();
  if (typeof value === 'number' && !Number.isFinite(value))
    throw refused(`${name} is compared with ${value}`);
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  throw refused(`${name} is compared with ${inspect(value)}, which is no value in a filter`);
}

function shown(tree: Tree): string {
  if (typeof tree === 'string') return `(${tree})`;
  for (const [word, sign] of [
    ['and', ' && '],
    ['or', ' || '],
  ] as const) {
    const parts = tree[word] as Tree[] | undefined;
    if (parts) return parts.map((part) => `(${shown(part)})`).join(sign);
  }
  if ('not' in tree) return `!(${shown(tree.not as Tree)})`;
  for (const word of ['any', 'all']) {
    if (word in tree) return `${String(tree[word])}.${word}(${shown(tree.where as Tree)})`;
  }
  const { field: name, op, value } = tree as { field: string; op: string; value: unknown };
  const said = JSON.stringify(
    typeof value === 'object' && value !== null ? Object.values(value as object)[0] : value,
  );
  const of = name || 'element()';
  return op in SIGNS ? `${of} ${SIGNS[op]} ${said}` : `${of}.${op}(${said})`;
}
