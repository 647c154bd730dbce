// The library, as a program in Node uses it.
//
//   node library.mjs pages|batches

import { Client, ClientSecret, Cloud } from 'm365kit';

import { begin, tenant } from './measure.mjs';

const FORMS = { pages, batches };

const end = begin();
const client = new Client({
  tenant: tenant.tenant,
  credential: new ClientSecret({ clientId: tenant.clientId, secret: tenant.clientSecret }),
  cloud: Cloud.custom(tenant.cloud),
  rateLimit: Number(process.env.BENCH_RATE_LIMIT),
});
const records = client.audit.records({ last: '24h' });
end(await FORMS[process.argv[2]]());

/** Records by the page, three fields of each. */
async function pages() {
  let [count, touched] = [0, 0];
  for await (const page of records.pages()) {
    for (const record of page) {
      count += 1;
      touched += record.creationTime === undefined ? 0 : 1;
      touched += (record.operation ?? '').length;
      touched += (record.userId ?? '').length;
    }
  }
  return { records: count, touched };
}

/** Batches of columns, as bytes that the package `apache-arrow` reads. */
async function batches() {
  let [count, bytes] = [0, 0];
  for await (const batch of records.batches()) {
    count += batch.rows;
    bytes += batch.ipc.length;
  }
  return { records: count, bytes };
}
