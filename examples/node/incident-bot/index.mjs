// Where does the channel hear that a service is broken, and that it works again?
//
//   TENANT=... CLIENT_ID=... CLIENT_SECRET=... WEBHOOK=https://... node incident-bot/index.mjs [position.token]
//
// Posts what opens and what is over, as JSON, to an address that takes it: a chat's, or one of yours. Its place stands
// in a file, so that nothing is missed while it is stopped. Without a tenant a simulated one breaks every second, this
// program receives its own posts, and ends after some.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tenant } from '../tenant.mjs';
import { deliver } from './deliver.mjs';
import { load, save } from './position.mjs';
import { receiver } from './receiver.mjs';

const REAL = process.env.TENANT !== undefined;
const TOLD = new Set(['issueOpened', 'issueResolved']);

const simulated = { blobs: 0, serviceHealth: { issues: 6, live: { every: 1, lasts: 2 } } };
const client = await tenant(simulated);
const mine = process.env.WEBHOOK ? undefined : await receiver({ refusals: 1 });
if (REAL && mine) throw new Error('WEBHOOK is missing: the address that is told');
const address = process.env.WEBHOOK ?? mine.address;
// A simulated tenant is a new one each time, and has no use for the place in another.
const [file = REAL ? 'incident-bot.token' : join(mkdtempSync(join(tmpdir(), 'incident-bot-')), 'token')] =
  process.argv.slice(2);

const changes = client.serviceHealth.watch({
  messages: false,
  pollInterval: REAL ? '1m' : '250ms',
  token: load(file),
});
process.once('SIGINT', () => changes.close());

for await (const page of changes.pages()) {
  for (const change of page) {
    if (TOLD.has(change.kind)) await deliver(address, post(change));
    // Only now: what is not delivered comes again the next time.
    save(file, change.token);
  }
  // Where nothing has happened the place moves as well.
  if (page.token) save(file, page.token);
  for (const error of page.errors) console.error(`not seen: ${error.message}`);
  if (!REAL && mine?.received.filter(({ kind }) => kind === 'issueResolved').length >= 2) break;
}
mine?.close();

/** What the channel is told. */
function post({ kind, id, issue }) {
  const verb = kind === 'issueOpened' ? `${issue.classification}` : 'over';
  const news = issue.posts?.at(-1);
  return {
    // What chats show; the rest is for programs.
    text: `${issue.service}, ${verb}: ${issue.title} (${id})`,
    kind,
    id,
    service: issue.service,
    classification: issue.classification,
    status: issue.status,
    title: issue.title,
    impact: issue.impactDescription,
    started: issue.startDateTime,
    ended: issue.endDateTime,
    news: news?.description?.content,
  };
}
