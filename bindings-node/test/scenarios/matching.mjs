// Whether a value is what a scenario expects.

import assert from 'node:assert/strict';

import { M365Error } from 'm365kit';

// Other names with `$` are names: query options have such.
const WAYS = ['$any', '$gte', '$contains'];

/** Fails, and says where, unless `actual` has the part that is expected of it. */
export function matches(actual, expected, where) {
  const said = () => `${where}: ${short(actual)} is not ${JSON.stringify(expected)}`;
  if (expected === null) return assert.ok(actual === null || actual === undefined, said());
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), said());
    assert.equal(actual.length, expected.length, said());
    return expected.forEach((item, index) => matches(actual[index], item, `${where}[${index}]`));
  }
  if (typeof expected !== 'object') return assert.ok(Object.is(actual, expected), said());
  if (Object.keys(expected).some((key) => WAYS.includes(key)))
    return assert.ok(special(actual, expected), said());
  assert.ok(actual !== null && typeof actual === 'object', said());
  for (const [key, part] of Object.entries(expected)) matches(actual[key], part, `${where}.${key}`);
}

/** Whether it would not fail. */
export function fits(actual, expected) {
  try {
    matches(actual, expected, '');
    return true;
  } catch {
    return false;
  }
}

/** Compares an error: of its `message` and `hint` a part is enough. */
export function matchesError(failure, expected) {
  assert.ok(failure instanceof M365Error, `it failed with ${failure?.stack}`);
  const contained = Object.entries(expected).map(([key, part]) =>
    (key === 'message' || key === 'hint') && typeof part === 'string'
      ? [key, { $contains: part }]
      : [key, part],
  );
  matches(failure, Object.fromEntries(contained), 'error');
}

function special(actual, expected) {
  return Object.entries(expected).every(([key, wanted]) => {
    if (key === '$any') return actual !== null && actual !== undefined;
    if (key === '$gte') return typeof actual === 'number' && actual >= wanted;
    return key === '$contains' && typeof actual === 'string' && actual.includes(wanted);
  });
}

/** Values can be whole feeds; a complaint shows their beginning. */
function short(value) {
  const text = value instanceof Error ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
