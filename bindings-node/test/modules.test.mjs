import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import * as imported from 'm365kit';

const require = createRequire(import.meta.url);

test('import and require give the same classes', () => {
  const required = require('m365kit');
  assert.deepEqual(Object.keys(imported).sort(), Object.keys({ ...required, __esModule: true }).sort());
  for (const name of Object.keys(imported)) assert.equal(imported[name], required[name], name);
  assert.throws(() => new imported.Client({}), required.M365Error);
});

test('nothing internal is exported', () => {
  const internal = ['Scope', 'Group', 'ClientFace', 'crossing', 'native', 'registerErrorClass', 'errorOf'];
  for (const name of internal) assert.ok(!(name in imported), name);
});

test('require is quick when it is cold', () => {
  const program = `
    const start = process.hrtime.bigint();
    require('m365kit');
    console.log(Number(process.hrtime.bigint() - start) / 1e6);`;
  const times = Array.from({ length: 5 }, () =>
    Number(
      spawnSync(process.execPath, ['-e', program], { cwd: import.meta.dirname, encoding: 'utf8' }).stdout,
    ),
  );
  assert.ok(Math.min(...times) > 0, 'it was measured');
  assert.ok(Math.min(...times) < 50, `${times} ms`);
  console.log(`require('m365kit') cold: ${Math.min(...times).toFixed(1)} ms`);
});
