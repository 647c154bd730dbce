// What filters write, and what they refuse.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import {
  dateLiteral,
  durationLiteral,
  element,
  enumLiteral,
  field,
  Filter,
  guidLiteral,
  HealthStatus,
  InvalidRequest,
  not,
  Sandbox,
} from 'm365kit';

import { filterOf } from './scenarios/filters.mjs';

const json = (filter) => JSON.parse(JSON.stringify(filter));
const compared = (op, value) => ({ field: 'a', op, value });
const [a, b, c] = [field('a').eq(1), field('b').eq(2), field('c').eq(3)];

const written = [
  [field('a').eq(false), compared('eq', false)],
  [field('a').ne("x'y"), compared('ne', "x'y")],
  [field('a').gt(1), compared('gt', 1)],
  [
    field('a').ge(new Date('2026-11-14T01:00:00+01:00')),
    compared('ge', { time: '2026-11-14T00:00:00.000Z' }),
  ],
  [field('a').lt(2.5), compared('lt', 2.5)],
  [field('a').le(dateLiteral('2026-11-20')), compared('le', { date: '2026-11-20' })],
  [field('a').eq(null), compared('eq', null)],
  [field('a').eq(guidLiteral('x')), compared('eq', { guid: 'x' })],
  [field('a').eq(enumLiteral('later')), compared('eq', { enum: 'later' })],
  [field('a').eq(HealthStatus.Resolved), compared('eq', 'resolved')],
  [field('a').gt(durationLiteral(5400)), compared('gt', { duration: 5400 })],
  [field('a').startsWith('x'), compared('startswith', 'x')],
  [field('a').endsWith('x'), compared('endswith', 'x')],
  [field('a').contains('x'), compared('contains', 'x')],
  [a.and(b).and(c), { and: [json(a), json(b), json(c)] }],
  [a.or(b).or(c), { or: [json(a), json(b), json(c)] }],
  [a.and(b.or(not(c))), { and: [json(a), { or: [json(b), { not: json(c) }] }] }],
  [a.and('d eq 4').not(), { not: { and: [json(a), 'd eq 4'] } }],
  [Filter.raw('d eq 4').or(a), { or: ['d eq 4', json(a)] }],
  [
    field('services').any(element().eq('Exchange Online')),
    { any: 'services', where: { field: '', op: 'eq', value: 'Exchange Online' } },
  ],
  [field('services').all('x eq 1'), { all: 'services', where: 'x eq 1' }],
];

test('each operator writes its condition', () => {
  for (const [made, expected] of written) {
    assert.deepEqual(json(made), expected);
    assert.deepEqual(json(filterOf(expected)), expected);
  }
});

test('a filter shows what it says', () => {
  const made = field('isResolved')
    .eq(false)
    .and(not(element().contains('x')));
  assert.equal(`${made}`, '(isResolved === false) && (!(element().contains("x")))');
  assert.ok(inspect(made).includes('isResolved === false'));
});

test('what is no value is refused at once', () => {
  for (const value of [new Date(NaN), NaN, Infinity, undefined, [1], {}, a, 5n]) {
    assert.throws(() => field('a').eq(value), InvalidRequest);
  }
  assert.throws(() => a.and(true), InvalidRequest);
  assert.throws(() => not(field('a')), InvalidRequest);
});

test('it goes over with a call', async () => {
  const sandbox = await Sandbox.start({ blobs: 0 });
  const client = sandbox.client();
  try {
    // The core has read it when it names what is wrong with it.
    const read = (filter) => client.serviceHealth.listIssues({ filter }).pages().next();
    await assert.rejects(read(field('a b').eq(1)), /a b/);
    await assert.rejects(read("a eq 'x"), /quote/);
  } finally {
    client.close();
    sandbox.close();
  }
});
