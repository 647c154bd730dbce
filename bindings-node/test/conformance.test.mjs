// Plays tests/conformance/*.json and tests/faults/*.json through the public face; docs/conformance.md describes the
// format.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';

import { play } from './scenarios/play.mjs';

const conformance =
  process.env.M365KIT_CONFORMANCE ?? join(import.meta.dirname, '..', '..', 'tests', 'conformance');
const folders = [conformance, join(dirname(conformance), 'faults')];
const only = process.env.M365KIT_ONLY ?? '';
const groups = new Map();

// Four at a time: most of a scenario is waiting.
describe('conformance', { concurrency: 4 }, () => {
  for (const folder of folders) {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    for (const file of files.sort()) {
      const group = `${basename(folder)}/${basename(file, '.json')}`;
      const { scenarios } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
        test(`${group}: ${scenario.name}`, { timeout: 120_000 }, async () => {
          const count = groups.get(group) ?? { passed: 0, failed: 0 };
          groups.set(group, count);
          count.failed += 1;
          await play(scenario);
          count.failed -= 1;
          count.passed += 1;
        });
      }
    }
    assert.ok(files.length > 0, `no scenario in ${folder}`);
  }
  after(() => {
    const all = { passed: 0, failed: 0 };
    for (const [group, { passed, failed }] of groups) {
      console.log(`${group}: ${passed} passed, ${failed} failed`);
      all.passed += passed;
      all.failed += failed;
    }
    console.log(`conformance in Node: ${all.passed} passed, ${all.failed} failed`);
  });
});
