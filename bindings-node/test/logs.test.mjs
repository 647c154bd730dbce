import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { onLog, Sandbox } from 'm365kit';

test('what the package logs reaches a function, without secrets', async () => {
  const events = [];
  onLog((event) => events.push(event), 'debug');
  const sandbox = await Sandbox.start({ blobs: 5, records: 3 });
  await sandbox.fault({ match: { operation: 'blob' }, action: { status: 503 }, when: 'once' });
  await sandbox.client().audit.records({ last: '24h' }).toArray();
  for (let tries = 0; tries < 100 && events.length === 0; tries += 1) await sleep(20);
  assert.ok(events.length > 0);
  for (const event of events) {
    assert.ok(event.target.startsWith('m365kit'), event.target);
    assert.ok(['error', 'warn', 'info', 'debug'].includes(event.level), event.level);
    assert.equal(typeof event.message, 'string');
    assert.equal(typeof event.fields, 'object');
    assert.ok(!JSON.stringify(event).includes(sandbox.clientSecret));
  }

  await sleep(100);
  const before = events.length;
  onLog(null);
  await sandbox.client().audit.listSubscriptions();
  await sleep(100);
  assert.equal(events.length, before, 'nobody listens any more');
  sandbox.close();
});

test('a level that is none is refused', () => {
  assert.throws(() => onLog(() => {}, 'loud'), { name: 'InvalidRequest', message: /loud/ });
});
