// How do I keep a copy of the feed, complete and without duplicates, whatever happens to the program?
//
//   node follow.mjs records          goes on until it is stopped, and from there when it is started again
//   node follow.mjs records once     ends when it has caught up, as a job of cron should

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { tenant } from './tenant.mjs';

const [directory = 'records', once] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });

const client = await tenant();
const state = join(directory, 'position.m365state');
const feed = client.audit.follow(state, { stopWhenCaughtUp: once === 'once' });
const steps = feed.intoJsonl(directory);
process.once('SIGINT', () => steps.close());
for await (const page of steps.pages()) {
  for (const { records, blobs, bytes, sealed } of page) {
    console.log(`${records} records of ${blobs} blobs, ${bytes} bytes`);
    // Nothing changes in them any more: here they would be handed on.
    for (const path of sealed) console.log(`${path} is whole`);
  }
  for (const error of page.errors) console.error(`not read: ${error}`);
  for (const warning of page.warnings) console.error(warning.message);
}
