// A follower with a webhook in front of it, while the feed grows and deliveries go wrong: what arrives, and how often.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ContentType, Sandbox, webhookHandler } from 'm365kit';

const TYPES = Object.values(ContentType);
/** Closer to the present nothing is polled, but for the rest of a second. */
const LAG = 3;
/** What arrives sooner, in milliseconds, was announced. */
const EARLY = (LAG - 1) * 1000;

/**
 * Adds so many blobs to a feed, one each `every` milliseconds, and follows it until every blob has arrived, every
 * delivery is settled, and a look at the whole feed finds nothing more. Gives counts.
 */
export async function collect({ blobs, faults, every = 20, seconds = 120 }) {
  const folder = mkdtempSync(join(tmpdir(), 'm365kit-webhooks-'));
  const sandbox = await Sandbox.start({
    blobs: 0,
    webhookHttp: true,
    webhookRetry: [0.1, 0.2, 0.4, 0.8],
    webhookFaults: faults,
  });
  const client = sandbox.client({ rateLimit: 60_000 });
  const heard = { notifications: 0, rejected: [] };
  const handler = webhookHandler(client, {
    authId: 'what was agreed on',
    onNotifications: (notifications) => void (heard.notifications += notifications.length),
    onRejected: (rejection) => heard.rejected.push(rejection),
  });
  const server = createServer(handler).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const address = `http://127.0.0.1:${server.address().port}/m365`;
    for (const contentType of TYPES) {
      await client.audit.start(contentType, { webhook: { address, authId: 'what was agreed on' } });
    }

    const added = new Map();
    const arrived = new Map();
    const options = { contentTypes: TYPES, pollInterval: 1, lag: LAG };
    const following = client.audit.follow(join(folder, 'state'), options);
    const reading = read(following, arrived);
    const deadline = Date.now() + blobs * every + seconds * 1000;
    for (let number = 0; number < blobs; number += 1) {
      const contentType = TYPES[number % TYPES.length];
      const ids = Array.from({ length: 3 }, (_, index) => `${number}-${index}`);
      const records = ids.map((Id) => ({ Id, Operation: 'Announced' }));
      const { contentId } = await sandbox.addContent({ contentType, records });
      added.set(contentId, { at: Date.now(), ids });
      await sleep(every);
    }
    const settled = async () => arrived.size >= blobs && (await sandbox.webhooks()).waiting === 0;
    while (!(await settled()) && Date.now() < deadline) await Promise.race([reading, sleep(50)]);
    // By now each blob was announced; so that polling has seen each as well, it waits for the lag and the slowest poll.
    if (arrived.size >= blobs) await Promise.race([reading, sleep(1000 * (LAG + 6))]);
    await following.close();
    await reading;
    const { errors } = following;
    await read(client.audit.follow(join(folder, 'state'), { ...options, stopWhenCaughtUp: true }), arrived);
    return { ...counted(added, arrived), ...(await deliveries(sandbox)), ...heard, errors };
  } finally {
    client.close();
    server.close();
    sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Notes what arrives: for each blob the records, how often each, and when the first. */
async function read(following, arrived) {
  for await (const { contentId, id } of following) {
    const blob = arrived.get(contentId) ?? { at: Date.now(), records: new Map() };
    arrived.set(contentId, blob);
    blob.records.set(id, (blob.records.get(id) ?? 0) + 1);
  }
}

function counted(added, arrived) {
  const counts = { added: added.size, once: 0, twice: 0, never: 0, early: 0 };
  for (const [contentId, { at, ids }] of added) {
    const blob = arrived.get(contentId);
    const times = ids.map((id) => blob?.records.get(id) ?? 0);
    if (times.includes(0)) counts.never += 1;
    else if (times.every((time) => time === 1)) counts.once += 1;
    else counts.twice += 1;
    if (blob && blob.at - at < EARLY) counts.early += 1;
  }
  assert.ok(
    [...arrived.keys()].every((contentId) => added.has(contentId)),
    'nothing else arrived',
  );
  return counts;
}

/** What the sandbox made out to send, and what became of it. */
async function deliveries(sandbox) {
  const sent = (await sandbox.webhooks()).deliveries.filter(({ kind }) => kind === 'delivery');
  const faults = {};
  for (const { fault } of sent) if (fault) faults[fault] = (faults[fault] ?? 0) + 1;
  const failed = ({ status, fault }) => status !== 200 || fault === 'fail';
  return { deliveries: sent.length, failed: sent.filter(failed).length, faults };
}
