// The ends of processes: nothing keeps Node up, nothing crashes it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { onLog, Sandbox } from 'm365kit';

const COUNT = Number(process.env.M365KIT_PROCESSES ?? 20);
const programs = join(import.meta.dirname, 'programs');

let sandbox;
before(async () => {
  sandbox = await Sandbox.start({ blobs: 40, records: 20 });
  await sandbox.fault({ match: { operation: 'blob' }, action: { delay: 0.05 }, when: { every: 3 } });
});
after(() => sandbox.close());

/** Runs a program against the sandbox; how it ended. */
function ended(program, ...args) {
  const { url, tenant, clientId, clientSecret, cloud } = sandbox;
  const about = JSON.stringify({ url, tenant, clientId, clientSecret, hosts: cloud.hosts });
  const child = spawn(process.execPath, [join(programs, program), about, ...args], { timeout: 60_000 });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  child.stderr.on('data', (data) => (said += data));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })));
}

for (const way of ['process-exit', 'end', 'throw', 'worker-exit']) {
  test(`${COUNT} programs that end with calls in flight: ${way}`, async () => {
    const expected = way === 'throw' ? 7 : 0;
    for (let done = 0; done < COUNT; done += 4) {
      const some = Array.from({ length: Math.min(4, COUNT - done) }, (_, index) =>
        ended('in-flight.mjs', way, String((done + index) * 3)),
      );
      for (const { code, signal, said } of await Promise.all(some)) {
        assert.deepEqual({ code, signal, said }, { code: expected, signal: null, said: '' });
      }
    }
  });
}

test('an open client, its callbacks, a token cache and a log listener do not keep Node up', async () => {
  const { code, said } = await ended('idle.mjs');
  assert.equal(code, 0, said);
});

test('worker threads read the feed beside the main thread', async () => {
  const { uniqueRecords } = await sandbox.feed();
  const { tenant, clientId, clientSecret, cloud } = sandbox;
  const workerData = { tenant, clientId, clientSecret, hosts: cloud.hosts };
  const counts = Array.from({ length: 3 }, () => {
    const worker = new Worker(join(programs, 'worker.mjs'), { workerData });
    return new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  });
  const here = sandbox.client().audit.records({ last: '24h' }).toArray();
  assert.deepEqual(await Promise.all(counts), [uniqueRecords, uniqueRecords, uniqueRecords]);
  assert.equal((await here).length, uniqueRecords);
});

test('a worker that is terminated in the middle of a feed leaves the others alone', async () => {
  const { tenant, clientId, clientSecret, cloud } = sandbox;
  onLog(() => {}, 'debug');
  for (let round = 0; round < 5; round += 1) {
    const worker = new Worker(join(programs, 'worker.mjs'), {
      workerData: { tenant, clientId, clientSecret, hosts: cloud.hosts, endless: true },
    });
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
  }
  onLog(null);
  assert.ok((await sandbox.client().audit.listSubscriptions()).length > 0);
});
