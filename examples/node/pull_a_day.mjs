// How do I keep a day of audit records? Writes them to standard output, one a line, as they came.
//
//   node pull_a_day.mjs > day.jsonl

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { tenant } from './tenant.mjs';

const client = await tenant();
const records = client.audit.records({ last: '24h', onError: 'collect' });

async function* lines() {
  // A line break in it can only be one between its members.
  for await (const record of records) yield `${record.raw.replaceAll('\n', ' ')}\n`;
}
await pipeline(Readable.from(lines()), process.stdout, { end: false });

console.error(records.report);
for (const error of records.errors) console.error(`not read: ${error}`);
