// Leaves target/package/m365kit-<version>.tgz: what users install, with the native module of this platform inside.

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { build, run, stage, target } from './build.mjs';

// The simulated tenant and Parquet are in it, and three ways to sign an assertion.
const LIMIT = 10 * 1024 * 1024;

build({ release: true });
const folder = join(target, 'package');
mkdirSync(folder, { recursive: true });
for (const old of readdirSync(folder).filter((name) => /^m365kit-.*\.tgz$/.test(name)))
  rmSync(join(folder, old));
const [packed] = JSON.parse(
  run('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], {
    cwd: stage,
    stdio: ['ignore', 'pipe', 'inherit'],
  }),
);
const { size } = statSync(join(folder, packed.filename));
console.log(`${join('target', 'package', packed.filename)}: ${(size / 1e6).toFixed(1)} MB`);
if (size > LIMIT) {
  console.error(`larger than ${LIMIT} bytes`);
  process.exit(1);
}
