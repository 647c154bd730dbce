// What happened two months ago, when the feed no longer knows?

import { tenant } from './tenant.mjs';

const DAY = 24 * 3600 * 1000;
const client = await tenant();
const end = new Date(Date.now() - 30 * DAY);
const start = new Date(end.getTime() - 30 * DAY);

const found = client.audit.search(start, { end, displayName: 'm365kit example' });
for await (const page of found.pages()) {
  // Until the service has carried it out, the pages are empty.
  if (page.report?.status) console.error(`${page.report.status}: ${page.length} records`);
  for (const { creationTime, operation, userId } of page) console.log(creationTime, operation, userId);
}
