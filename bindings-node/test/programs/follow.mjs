// Follows a feed for some pages and says how that went; or exits in the middle of it, after so many milliseconds.

import { Client, ClientSecret, Cloud, M365Error } from 'm365kit';

const { tenant, clientId, clientSecret, hosts, state } = JSON.parse(process.argv[2]);
const [wanted, delay] = process.argv.slice(3);
const client = new Client({
  tenant,
  credential: new ClientSecret({ clientId, secret: clientSecret }),
  cloud: Cloud.custom(hosts),
});
if (wanted === 'exit') setTimeout(() => process.exit(0), Number(delay));

let pages = 0;
try {
  for await (const _ of client.audit.follow(state, { pollInterval: 0.05, lag: 3 }).pages()) {
    if ((pages += 1) === Number(wanted)) break;
  }
  console.log(`${pages} pages`);
} catch (error) {
  if (!(error instanceof M365Error)) throw error;
  console.log(`${error.kind}: ${error.message}`);
}
