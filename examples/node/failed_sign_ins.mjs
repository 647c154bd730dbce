// Who failed to sign in, and from where?

import { ContentType } from 'm365kit';

import { tenant } from './tenant.mjs';

const client = await tenant();
const failures = new Map();
const contentTypes = [ContentType.AzureActiveDirectory];
for await (const record of client.audit.records({ contentTypes, last: '24h' })) {
  if (record.operation !== 'UserLoginFailed') continue;
  // The reason is not one of the fields that all workloads share: it stands in the whole record.
  const key = [record.userId, record.clientAddress, record.data.LogonError].join('  ');
  failures.set(key, (failures.get(key) ?? 0) + 1);
}

const most = [...failures].sort(([, a], [, b]) => b - a).slice(0, 20);
for (const [key, count] of most) console.log(String(count).padStart(5), key);
