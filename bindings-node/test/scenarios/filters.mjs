// Filters of a scenario, made as programs make them.

import { dateLiteral, durationLiteral, element, enumLiteral, field, Filter, guidLiteral, not } from 'm365kit';

const METHODS = { startswith: 'startsWith', endswith: 'endsWith' };

/** The filter that crosses as this JSON. */
export function filterOf(tree) {
  if (typeof tree === 'string') return Filter.raw(tree);
  if (tree.and) return tree.and.map(filterOf).reduce((all, part) => all.and(part));
  if (tree.or) return tree.or.map(filterOf).reduce((all, part) => all.or(part));
  if (tree.not) return not(filterOf(tree.not));
  if (tree.any) return field(tree.any).any(filterOf(tree.where));
  if (tree.all) return field(tree.all).all(filterOf(tree.where));
  const subject = tree.field ? field(tree.field) : element();
  return subject[METHODS[tree.op] ?? tree.op](literalOf(tree.value));
}

function literalOf(value) {
  if (value === null || typeof value !== 'object') return value;
  if ('time' in value) return new Date(value.time);
  if ('date' in value) return dateLiteral(value.date);
  if ('guid' in value) return guidLiteral(value.guid);
  if ('enum' in value) return enumLiteral(value.enum);
  return durationLiteral(value.duration);
}
