// Reads the feed in a worker thread and tells how many records it had.

import { parentPort, workerData } from 'node:worker_threads';

import { Client, ClientSecret, Cloud, onLog } from 'm365kit';

const { tenant, clientId, clientSecret, hosts, endless } = workerData;
if (endless) onLog(() => {}, 'debug');
const credential = new ClientSecret({ clientId, secret: clientSecret });
const client = new Client({ tenant, credential, cloud: Cloud.custom(hosts) });
let count = 0;
do {
  for await (const _ of client.audit.records({ last: '24h' })) {
    count += 1;
    if (endless && count === 1) parentPort.postMessage('reading');
  }
} while (endless);
parentPort.postMessage(count);
