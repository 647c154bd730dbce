// How do I hear of new records at once, and miss none when a message of the service gets lost?
//
//   TENANT=... CLIENT_ID=... CLIENT_SECRET=... ADDRESS=https://hooks.example.com/m365 AUTH_ID=... node webhook.mjs
//
// The address is that of this program from outside: the service takes https only, so that something in front of it
// speaks TLS. Without a tenant a simulated one delivers, and the program ends after some records.

import { once } from 'node:events';
import { createServer } from 'node:http';

import { ContentType, webhookHandler } from 'm365kit';

import { tenant } from './tenant.mjs';

const { TENANT, ADDRESS, AUTH_ID = 'an example', PORT = TENANT ? '8080' : '0' } = process.env;
const client = await tenant({ webhookHttp: true, blobs: 10, live: { blobsPerMinute: 60 } });
const contentTypes = [ContentType.Exchange];

// It must answer before the subscription is started: the service asks whether somebody listens.
const handler = webhookHandler(client, {
  authId: AUTH_ID,
  onNotifications: (notifications) => console.log(`${notifications.length} blobs announced`),
  onRejected: ({ status, reason }) => console.error(`rejected with ${status}: ${reason}`),
});
const server = createServer(handler).listen(Number(PORT));
await once(server, 'listening');
const address = ADDRESS ?? `http://127.0.0.1:${server.address().port}/`;
for (const contentType of contentTypes) {
  await client.audit.start(contentType, { webhook: { address, authId: AUTH_ID } });
}

// The follower fetches what is announced at once, and finds the rest by polling. Nothing comes twice.
const feed = client.audit.follow('webhook.m365state', { contentTypes, last: '1h' });
let count = 0;
for await (const page of feed.pages()) {
  for (const { creationTime, operation, userId } of page) console.log(creationTime, operation, userId);
  count += page.length;
  if (!TENANT && count > 30) break;
}
server.close();
