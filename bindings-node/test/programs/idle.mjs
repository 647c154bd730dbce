// Leaves a client, a token callback, a token cache and a log listener open; Node must end by itself.

import { Callback, Client, Cloud, ClientSecret, onLog, TokenCache } from 'm365kit';

const { tenant, clientId, clientSecret, hosts } = JSON.parse(process.argv[2]);
const cloud = Cloud.custom(hosts);
onLog(() => {}, 'debug');
globalThis.idle = new Client({ tenant, cloud, credential: new Callback(() => 'never asked for') });
globalThis.client = new Client({
  tenant,
  cloud,
  tokenCache: TokenCache.withStore({ load: async () => null, save: async () => {} }),
  credential: new ClientSecret({ clientId, secret: clientSecret }),
});
for await (const _ of globalThis.client.audit.records({ last: '24h' })) break;
