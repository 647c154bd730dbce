// Runs the tests on the installed package: a project in target/node/project that npm-installs the tarball.
//
//   node scripts/test.mjs [--dev] [file or pattern ...]
//   node scripts/test.mjs [--dev] --run program.mjs [argument ...]
//
// `--dev` builds the package without optimizing and copies it into the project, for a quick turn. `--run` runs one of the
// programs in `test/` there, in place of the tests.

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build, home, run, stage, target, tools } from './build.mjs';

const args = process.argv.slice(2);
const at = args.indexOf('--run');
const [options, program] = at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
const dev = options.includes('--dev');
const wanted = options.filter((arg) => arg !== '--dev');

const project = join(target, 'node', 'project');
rmSync(project, { recursive: true, force: true });
mkdirSync(join(project, 'node_modules'), { recursive: true });
writeFileSync(
  join(project, 'package.json'),
  '{ "name": "try-m365kit", "private": true, "type": "module" }\n',
);

if (dev) {
  build({ release: false });
  cpSync(stage, join(project, 'node_modules', 'm365kit'), { recursive: true });
} else {
  const folder = join(target, 'package');
  const tarball = existsSync(folder) && readdirSync(folder).find((name) => /^m365kit-.*\.tgz$/.test(name));
  if (!tarball) {
    console.error('there is no target/package/m365kit-*.tgz: run `npm run package` first');
    process.exit(1);
  }
  const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...quiet, join(folder, tarball)], { cwd: project });
}
cpSync(join(home, 'test'), join(project, 'test'), { recursive: true });
const { tsc } = tools();
// What a user reads batches with, and what else signs in to a sandbox: no dependencies of the package.
for (const name of ['apache-arrow', '@azure']) {
  symlinkSync(join(home, 'node_modules', name), join(project, 'node_modules', name), 'junction');
}

if (program.length > 0) {
  const [name, ...rest] = program;
  run(process.execPath, [join('test', name), ...rest], { cwd: project });
  process.exit();
}

const files = readdirSync(join(project, 'test')).filter(
  (name) => name.endsWith('.test.mjs') && (wanted.length === 0 || wanted.some((part) => name.includes(part))),
);
run(process.execPath, ['--test', ...files.map((name) => join('test', name))], {
  cwd: project,
  env: {
    ...process.env,
    M365KIT_CONFORMANCE: process.env.M365KIT_CONFORMANCE ?? join(home, '..', 'tests', 'conformance'),
    M365KIT_TSC: tsc,
    M365KIT_TYPES: join(home, 'node_modules', '@types'),
  },
});
