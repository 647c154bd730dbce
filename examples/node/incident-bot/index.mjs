// Where does the channel hear that a service is broken, and that it works again?
//
//   TENANT=... CLIENT_ID=... CLIENT_SECRET=... WEBHOOK=https://... node incident-bot/index.mjs [position.token]
//
// Posts what opens and what is over, as JSON, to an address that takes it: a chat's, or one of yours. Its place stands
// in a file, so that nothing is missed while it is stopped. Without a tenant a simulated one breaks every second, this
// program receives its own posts, and ends after some.

import { tenant } from '../tenant.mjs';
import { deliver } from './deliver.mjs';
import { load, save } from './position.mjs';
import { receiver } from './receiver.mjs';

const { TENANT, WEBHOOK } = process.env;
const [file = 'incident-bot.token'] = process.argv.slice(2);
/** What is told, and how it is said. */
const TOLD = {
  issueOpened: ({ classification }) => classification,
  issueReclassified: ({ classification }) => `now ${classification}`,
  issueResolved: () => 'over',
};

if (TENANT && !WEBHOOK) throw new Error('WEBHOOK is missing: the address that is told');
const client = await tenant({ blobs: 0, serviceHealth: { issues: 6, live: { every: 1, lasts: 2 } } });
const mine = WEBHOOK ? undefined : await receiver({ refusals: 1 });

const changes = client.serviceHealth.watch({
  messages: false,
  pollInterval: TENANT ? '1m' : '250ms',
  // A simulated tenant is a new one each time, and knows nothing of the place in another.
  token: TENANT ? load(file) : undefined,
});
process.once('SIGINT', () => changes.close());

let over = 0;
for await (const page of changes.pages()) {
  for (const change of page) {
    if (change.kind in TOLD) await deliver(WEBHOOK ?? mine.address, post(change));
    // Only now: what is not delivered comes again the next time.
    save(file, change.token);
    if (change.kind === 'issueResolved') over += 1;
  }
  // Where nothing has happened the place moves as well.
  if (page.token) save(file, page.token);
  for (const error of page.errors) console.error(`not seen: ${error.message}`);
  if (!TENANT && over >= 2) break;
}
mine?.close();

/** What the channel is told. */
function post({ kind, id, issue }) {
  return {
    // What chats show; the rest is for programs.
    text: `${issue.service}, ${TOLD[kind](issue)}: ${issue.title} (${id})`,
    kind,
    id,
    service: issue.service,
    classification: issue.classification,
    status: issue.status,
    title: issue.title,
    impact: issue.impactDescription,
    started: issue.startDateTime,
    ended: issue.endDateTime,
    news: issue.posts?.at(-1)?.description?.content,
  };
}
