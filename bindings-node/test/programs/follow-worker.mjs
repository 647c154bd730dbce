// Follows a feed in a worker thread, and tells how many records it had; without an end if that is wanted.

import { parentPort, workerData } from 'node:worker_threads';

import { Client, ClientSecret, Cloud } from 'm365kit';

const { tenant, clientId, clientSecret, hosts, state, endless } = workerData;
const credential = new ClientSecret({ clientId, secret: clientSecret });
const client = new Client({ tenant, credential, cloud: Cloud.custom(hosts) });
const options = { pollInterval: 0.05, lag: 3, stopWhenCaughtUp: !endless };
if (endless) {
  const following = client.audit.follow(state, options).toArray();
  setTimeout(() => parentPort.postMessage('following'), 200);
  await following;
}
parentPort.postMessage((await client.audit.follow(state, options).toArray()).length);
