import m365 = require('m365kit');

const client = new m365.Client({ tenant: 'contoso.com', credential: new m365.StaticToken('token') });
const run: m365.Paged<m365.AuditRecord> = client.audit.records({ last: '24h' });
void run;

// @ts-expect-error: there is no such class
new m365.Klient();
