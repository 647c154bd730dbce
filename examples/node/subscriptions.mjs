// What is this tenant subscribed to, and how do I start what is missing?

import { ContentType, PermissionDenied } from 'm365kit';

import { tenant } from './tenant.mjs';

const client = await tenant();
const enabled = new Set();
for (const { contentType, status } of await client.audit.listSubscriptions()) {
  console.log(contentType.padEnd(28), status);
  if (status !== 'disabled') enabled.add(contentType);
}

for (const contentType of Object.values(ContentType).filter((wanted) => !enabled.has(wanted))) {
  try {
    await client.audit.start(contentType);
    console.log(contentType.padEnd(28), 'started: content comes within 12 hours');
  } catch (error) {
    if (!(error instanceof PermissionDenied)) throw error;
    console.log(contentType.padEnd(28), error.hint ?? error.message);
  }
}
