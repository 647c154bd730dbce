// Types are tests: right calls compile, wrong ones do not; as an ES module and as CommonJS.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('the compiler takes the right calls and refuses the wrong ones', () => {
  const folder = join(import.meta.dirname, 'types');
  const options = [
    '--strict',
    '--noEmit',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--skipLibCheck',
    'false',
  ];
  const types = [
    '--lib',
    'es2023,esnext.disposable',
    '--typeRoots',
    process.env.M365KIT_TYPES,
    '--types',
    'node',
  ];
  const files = ['calls.mts', 'calls.cts'].map((file) => join(folder, file));
  const { stdout, status } = spawnSync(
    process.execPath,
    [process.env.M365KIT_TSC, ...options, ...types, ...files],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stdout);
});
