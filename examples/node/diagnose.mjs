// Why do no records come?

import { tenant } from './tenant.mjs';

const client = await tenant();
const { healthy, findings } = await client.audit.diagnose();
for (const { severity, contentType = '', message, action } of findings) {
  console.log(severity.padEnd(8), contentType.padEnd(27), message);
  if (action) console.log(' '.repeat(36), action);
}
process.exitCode = healthy ? 0 : 1;
