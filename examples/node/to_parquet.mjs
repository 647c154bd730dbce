// How do I get a day of the feed into a data frame? Writes it into Parquet files, in folders by day and workload, which
// polars, pandas, DuckDB and Spark read as one table.
//
//   node to_parquet.mjs audit

import { tenant } from './tenant.mjs';

const [target = 'audit'] = process.argv.slice(2);

const client = await tenant();
const records = client.audit.records({
  last: '24h',
  extended: ['UserAgent', 'Item.Subject'],
  onError: 'collect',
});
const written = await records.writeParquet(target, {
  partitionBy: ['date', 'workload'],
  overwrite: true,
  onProgress: ({ records, blobs, blobsKnown = '?', rate, remaining }) => {
    const pace = rate ? `, ${Math.round(rate)} a second` : '';
    const left = remaining === undefined ? '' : `, ${Math.ceil(remaining)} s left`;
    console.error(`${records} records of ${blobs}/${blobsKnown} blobs${pace}${left}`);
  },
});

console.log(`${written.records} records in ${written.files.length} files, ${written.bytes} bytes`);
// A value that did not fit its column is null there; the column `raw` has it.
for (const [column, count] of Object.entries(written.conflicts))
  console.log(`${column}: ${count} did not fit`);
for (const error of records.errors) console.error(`not read: ${error}`);
