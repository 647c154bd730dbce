// Starts calls against a sandbox and ends while they are on their way, in the way that is asked for.

import { isMainThread, Worker, workerData } from 'node:worker_threads';

import { Callback, Client, ClientSecret, Cloud, onLog } from 'm365kit';

const [about, way, delay] = isMainThread ? process.argv.slice(2) : workerData;
const { tenant, clientId, clientSecret, hosts } = JSON.parse(about);

if (way === 'worker-exit' && isMainThread) {
  new Worker(new URL(import.meta.url), { workerData: [about, 'process-exit', delay] });
} else {
  onLog(() => {}, 'debug');
  const credential = new ClientSecret({ clientId, secret: clientSecret });
  const cloud = Cloud.custom(hosts);
  const client = new Client({ tenant, credential, cloud, concurrency: 8 });
  const controller = new AbortController();
  const unfinished = [
    client.audit.listSubscriptions({ signal: controller.signal }),
    client.audit.records({ last: '24h', signal: controller.signal }).toArray(),
    new Client({
      tenant,
      cloud,
      credential: new Callback(() => new Promise(() => {})),
    }).audit.listSubscriptions({
      signal: controller.signal,
    }),
  ];
  for (const call of unfinished) call.catch(() => {});
  setTimeout(() => {
    if (way === 'process-exit') process.exit(0);
    if (way === 'end') return controller.abort();
    process.on('uncaughtException', () => process.exit(7));
    throw new Error('in the middle of it');
  }, Number(delay));
}
