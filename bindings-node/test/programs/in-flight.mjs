// Starts calls against a sandbox and ends while they are on their way, in the way that is asked for.

import { isMainThread, Worker, workerData } from 'node:worker_threads';

import { BrowserSignIn, Callback, Client, ClientSecret, Cloud, onLog, TokenCache } from 'm365kit';

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
  const { signal } = controller;
  const never = () => new Promise(() => {});
  const tokenCache = TokenCache.withStore({ load: never, save: never });
  const unfinished = [
    client.audit.listSubscriptions({ signal }),
    client.audit.records({ last: '24h', signal }).toArray(),
    new Client({ tenant, cloud, credential: new Callback(never) }).audit.listSubscriptions({ signal }),
    new Client({ tenant, cloud, credential, tokenCache }).audit.listSubscriptions({ signal }),
    new BrowserSignIn({ client: clientId, open: never }).run(tenant, { cloud, signal }),
  ];
  for (const call of unfinished) call.catch(() => {});
  setTimeout(() => {
    if (way === 'process-exit') process.exit(0);
    if (way === 'end') return controller.abort();
    process.on('uncaughtException', () => process.exit(7));
    throw new Error('in the middle of it');
  }, Number(delay));
}
