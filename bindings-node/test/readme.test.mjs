// The examples of the README run as they stand, against a sandbox.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { Sandbox } from 'm365kit';

const manifest = createRequire(import.meta.url).resolve('m365kit/package.json');
const readme = readFileSync(join(dirname(manifest), 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js( endless)?\n(.*?)```/gs)];

let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 20, records: 5 })));
after(() => sandbox.close());

test('there are examples', () => assert.ok(examples.length >= 3));

examples.forEach(([, endless, code], index) => {
  test(`example ${index + 1}: ${code.split('\n').find((line) => line && !line.startsWith('import'))}`, async () => {
    // A reader's client goes to the worldwide cloud; here it goes to the sandbox.
    const prelude = `import { Cloud as Cloud_ } from 'm365kit';
const cloud = Cloud_.custom(${JSON.stringify(sandbox.cloud.hosts)});\n`;
    const file = join(import.meta.dirname, `readme-${index + 1}.mjs`);
    const edited = code.replaceAll('new Client({', 'new Client({ cloud,').replace('listen(8080', 'listen(0');
    writeFileSync(file, prelude + edited);
    const { tenant, clientId, clientSecret } = sandbox;
    const env = { ...process.env, TENANT: tenant, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
    const cwd = mkdtempSync(join(tmpdir(), 'm365kit-readme-'));
    const child = spawn(process.execPath, [file], { cwd, env, timeout: 60_000 });
    let said = '';
    for (const output of [child.stdout, child.stderr]) output.on('data', (data) => (said += data));
    // One without an end is asked to end once it has said something.
    if (endless) child.stdout.once('data', () => child.kill('SIGTERM'));
    const [status, signal] = await new Promise((resolve) => child.on('close', (...end) => resolve(end)));
    rmSync(cwd, { recursive: true });
    assert.ok(status === 0 || (endless && signal === 'SIGTERM'), said);
    assert.ok(said.length > 0, 'it prints something');
  });
});
