// Follows a growing feed with a webhook while a third of the deliveries fail, and counts how often each blob arrives.
//
//   node bindings-node/scripts/test.mjs [--dev] --run webhook-run.mjs [--blobs 300] [--share 0.33] [--seed 1]
//     [--actions drop,fail]        what goes wrong: drop, fail, delay, duplicate, reorder

import { parseArgs } from 'node:util';

import { collect } from './webhooks/collect.mjs';

const { values } = parseArgs({
  options: {
    blobs: { type: 'string', default: '300' },
    share: { type: 'string', default: '0.33' },
    seed: { type: 'string', default: '1' },
    actions: { type: 'string', default: 'drop,fail' },
  },
});
const faults = {
  share: Number(values.share),
  seed: Number(values.seed),
  actions: values.actions.split(','),
  delay: 0.5,
};
const began = Date.now();
const counts = await collect({ blobs: Number(values.blobs), faults });

const wrong = Object.entries(counts.faults).map(([name, times]) => `${name} ${times}`);
const share = ((100 * counts.failed) / counts.deliveries).toFixed(0);
const lines = [
  ['blobs added', counts.added],
  ['deliveries', counts.deliveries],
  ['  failed', `${counts.failed} (${share} %)`],
  ['  went wrong', wrong.join(', ') || 'none'],
  ['notifications accepted', counts.notifications],
  ['requests rejected', counts.rejected.length],
  ['blobs delivered once', counts.once],
  ['  twice or more', counts.twice],
  ['  never', counts.never],
  ['blobs early, by webhook', counts.early],
  ['seconds', ((Date.now() - began) / 1000).toFixed(1)],
];
for (const [what, count] of lines) console.log(what.padEnd(26), count);
process.exitCode = counts.once === counts.added ? 0 : 1;
