// Lays out the package in target/node/package: compiled TypeScript, the native module of this platform, the README.
// `--release` builds the native module as it is published.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const home = dirname(dirname(fileURLToPath(import.meta.url)));
export const target = join(home, '..', 'target');
export const stage = join(target, 'node', 'package');

/** Runs a program; its failure ends the script. */
export function run(program, args, options = {}) {
  const { status, error, stdout } = spawnSync(program, args, {
    cwd: home,
    stdio: 'inherit',
    encoding: 'utf8',
    ...options,
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

/** The name npm packages give this platform; see `src-ts/native.ts`. */
export function platform() {
  const machine = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${machine}-msvc`;
  if (process.platform !== 'linux') return machine;
  return `${machine}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function library() {
  if (process.platform === 'win32') return 'm365kit_node.dll';
  return process.platform === 'darwin' ? 'libm365kit_node.dylib' : 'libm365kit_node.so';
}

/** Installs the tools of `package-lock.json` unless they are there. */
export function tools() {
  const needed = ['typescript', 'apache-arrow', '@azure/identity', '@azure/msal-node'];
  if (!needed.every((name) => existsSync(join(home, 'node_modules', name)))) {
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  const require = createRequire(join(home, 'package.json'));
  return { tsc: join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc') };
}

export function build({ release }) {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(join(stage, 'native'), { recursive: true });

  const { tsc } = tools();
  run(process.execPath, [tsc]);
  for (const file of ['index.mjs', 'index.d.mts', 'README.md']) cpSync(join(home, file), join(stage, file));
  const root = join(home, '..');
  for (const file of readdirSync(root).filter((name) => name.startsWith('LICENSE'))) {
    cpSync(join(root, file), join(stage, file));
  }
  const {
    devDependencies: _,
    scripts: __,
    ...manifest
  } = JSON.parse(readFileSync(join(home, 'package.json')));
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

  run('cargo', ['build', '--quiet', '-p', 'm365kit-node', ...(release ? ['--release'] : [])]);
  const built = join(target, release ? 'release' : 'debug', library());
  cpSync(built, join(stage, 'native', `m365kit.${platform()}.node`));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  build({ release: process.argv.includes('--release') });
