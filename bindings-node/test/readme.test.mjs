// The examples of the README run as they stand, against a sandbox.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { Sandbox } from 'm365kit';

const manifest = createRequire(import.meta.url).resolve('m365kit/package.json');
const readme = readFileSync(join(dirname(manifest), 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);

let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 20, records: 5 })));
after(() => sandbox.close());

test('there are examples', () => assert.ok(examples.length >= 3));

examples.forEach((code, index) => {
  test(`example ${index + 1}: ${code.split('\n').find((line) => line && !line.startsWith('import'))}`, async () => {
    // A reader's client goes to the worldwide cloud; here it goes to the sandbox.
    const prelude = `import { Cloud as Cloud_ } from 'm365kit';
const cloud = Cloud_.custom(${JSON.stringify(sandbox.cloud.hosts)});\n`;
    const file = join(import.meta.dirname, `readme-${index + 1}.mjs`);
    writeFileSync(file, prelude + code.replaceAll('new Client({', 'new Client({ cloud,'));
    const { tenant, clientId, clientSecret } = sandbox;
    const env = { ...process.env, TENANT: tenant, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
    const child = spawn(process.execPath, [file], { env, timeout: 60_000 });
    let said = '';
    child.stdout.on('data', (data) => (said += data));
    child.stderr.on('data', (data) => (said += data));
    const status = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(status, 0, said);
    assert.ok(said.length > 0, 'it prints something');
  });
});
