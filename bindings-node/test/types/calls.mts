import { createServer } from 'node:http';

import {
  type AuditRecord,
  type AuditRecords,
  type Batches,
  Callback,
  Client,
  ClientSecret,
  Cloud,
  ContentType,
  type DateTime,
  type Following,
  type Listing,
  M365Error,
  onLog,
  type Page,
  type Paged,
  type ParkedContent,
  type Report,
  Sandbox,
  type SandboxApp,
  type SinkStep,
  StaticToken,
  Throttled,
  type Warning,
  webhookHandler,
  type Written,
} from 'm365kit';

const secret = new ClientSecret({ clientId: 'id', secret: 'secret' });
const client = new Client({
  tenant: 'contoso.onmicrosoft.com',
  credential: secret,
  cloud: Cloud.GCC_HIGH,
  concurrency: 4,
  rateLimit: 600,
  deadline: '5m',
  readTimeout: 10,
});

async function right(signal: AbortSignal): Promise<void> {
  const run: Paged<AuditRecord> = client.audit.records({
    contentTypes: [ContentType.Exchange, 'Audit.SharePoint', 'Audit.Something.New'],
    start: new Date(),
    end: '2026-11-22T00:00:00Z',
    onError: 'collect',
    signal,
  });
  for await (const record of run) {
    const id: string | undefined = record.id;
    const when: DateTime | undefined = record.creationTime;
    const type: number | undefined = record.recordType;
    const raw: string = record.raw;
    console.log(id, when, type, raw, record.data.Whatever, record.operation?.toUpperCase());
  }
  for await (const page of run.pages()) page satisfies AuditRecord[];
  const errors: M365Error[] = run.errors;
  const warnings: Warning[] = run.warnings;
  const report: Report | null = run.report;
  console.log(errors, warnings, report?.records, run.token);

  const records: AuditRecords = client.audit.records({
    extended: ['Item.Subject'],
    onProgress: async ({ records, remaining = Infinity }) =>
      console.log(records.toFixed(), remaining.toFixed()),
  });
  records satisfies Listing<AuditRecord>;
  for await (const { records: count, bytes } of records.lines({ signal }))
    bytes.subarray(count) satisfies Buffer;
  const batches: Batches = records.batches({ raw: false, batchRows: 1_000 });
  for await (const { rows, ipc } of batches) console.log(rows.toFixed(), ipc satisfies Uint8Array);
  for await (const bytes of batches.arrow()) bytes satisfies Uint8Array;
  const written: Written = await records.writeParquet('audit', {
    partitionBy: ['date', 'workload'],
    compression: 'snappy',
    append: true,
    onProgress: (report: Report) => console.log(report.blobsKnown),
    signal,
  });
  console.log(written.files[0]?.length, written.conflicts['Item.Subject']?.toFixed(), records.report?.rate);
  await records.writeJsonl('day.jsonl', { overwrite: true });

  const following: Following<AuditRecord> = client.audit.follow('tenant.m365state', {
    contentTypes: ['Audit.Exchange'],
    pollInterval: '30s',
    commit: 'manual',
  });
  for await (const page of following.pages()) {
    page satisfies Page<AuditRecord>;
    console.log(page.length, page.errors[0]?.kind, page.report?.behind?.toFixed(), page[0]?.raw);
    await following.commit({ signal });
  }
  await following.close();
  await following[Symbol.asyncDispose]();
  client.audit.follow('state').intoParquet('records', { compression: 'none', extended: ['Item.Subject'] });
  const steps: Paged<SinkStep> = client.audit.follow('state').intoJsonl('records', { maxAge: '10m', signal });
  await steps.close();
  (await client.audit.inspectState('state')).contentTypes[0]?.parked satisfies ParkedContent[] | undefined;
  for await (const record of client.audit.search(new Date(), { users: ['sadie@contoso.com'] })) record.raw;
  (await client.audit.diagnose()).findings.map(({ code, action }) => console.log(code, action));

  const handler = webhookHandler([client], {
    authId: 'agreed',
    onNotifications: async (notifications, about) => {
      console.log(notifications[0]?.contentId, about.client.tenant, about.warnings.length);
    },
    onRejected: ({ status, reason }) => console.log(status.toFixed(), reason),
  });
  createServer(handler);
  const route: (request: Request, context: { params: object }) => Promise<Response> = handler;
  const answer: Response = await handler(new Request('https://x'));
  console.log(route, answer.status);

  await client.audit.start('Audit.Exchange', { webhook: { address: 'https://example.com/hook' } });
  await client.audit.stop('Audit.Exchange');
  const subscriptions = await client.audit.listSubscriptions({ signal });
  console.log(subscriptions[0]?.contentType);
  const users = await client.request<{ value: { id: string }[] }>('GET', '/v1.0/users', {
    query: { $top: '5' },
  });
  console.log(users.value[0]?.id);
  const unknown: unknown = await client.request('PUT', '/v1.0/x', { payload: Buffer.from('bytes') });
  console.log(unknown);

  new Client({
    tenant: 't',
    credential: new StaticToken('token'),
    cloud: Cloud.custom({ management: 'https://x' }),
  });
  new Client({
    tenant: 't',
    credential: new Callback(async ({ scope }) => ({ token: scope, expiresOn: new Date() })),
  });
  onLog((event) => console.log(event.level, event.fields.status), 'debug');

  const sandbox = await Sandbox.start({ blobs: 3, rateLimit: { perMinute: 600 } });
  await sandbox.fault({ match: { operation: 'blob' }, action: { status: 503 }, when: { every: 3 } });
  sandbox.client({ concurrency: 2 }) satisfies Client;
  await sandbox.fault({ match: { operation: 'device_code' }, action: { aadsts: 90055 } });
  sandbox.identity.managed.serverThumbprint satisfies string | null;
  sandbox.identity.apps.map(({ redirectUris }) => redirectUris.native);
  (await sandbox.setApp({ consented: false })) satisfies SandboxApp;
  (await sandbox.setBehaviour({ device: ['declined'] })).deviceInterval.toFixed();
  (await sandbox.deviceCode(['approved'], { userCode: 'ABC' })).toFixed();
  (await sandbox.makeCertificate({ register: true })).privateKey.trim();
  (await sandbox.ledger({ operation: 'token' })).map(({ login }) => login?.credential);
  try {
    await sandbox.advance(60);
  } catch (error) {
    if (error instanceof Throttled) console.log(error.retryAfter?.toFixed(), error.status);
  }
}

function wrong(): void {
  // @ts-expect-error: there is no such behaviour
  new Sandbox({ identity: { behaviour: { authorize: 'shrug' } } });
  // @ts-expect-error: the member is called consented
  new Sandbox({ identity: { apps: [{ consent: false }] } });
  // @ts-expect-error: a tenant is required
  new Client({ credential: secret });
  // @ts-expect-error: a credential is not its fields
  new Client({ tenant: 't', credential: { clientId: 'id', secret: 'secret' } });
  // @ts-expect-error: a cloud is not its name
  new Client({ tenant: 't', credential: secret, cloud: 'public' });
  // @ts-expect-error: there is no such option
  new Client({ tenant: 't', credential: secret, conkurrency: 3 });
  // @ts-expect-error: a secret is required
  new ClientSecret({ clientId: 'id' });
  // @ts-expect-error: the secret cannot be read
  secret.secret;
  // @ts-expect-error: clouds are not made by hand
  new Cloud('public');
  // @ts-expect-error: a content type is required
  client.audit.start();
  // @ts-expect-error: content types are a list
  client.audit.records({ contentTypes: 'Audit.Exchange' });
  // @ts-expect-error: there is no such option
  client.audit.records({ lasst: '24h' });
  // @ts-expect-error: a target is required
  client.audit.records().writeParquet();
  // @ts-expect-error: columns are a list
  client.audit.records().writeParquet('x', { partitionBy: 'workload' });
  // @ts-expect-error: lines are not compressed
  client.audit.records().writeJsonl('x', { compression: 'zstd' });
  // @ts-expect-error: what was written is no listing
  client.audit.records().writeJsonl('x').pages();
  // @ts-expect-error: only columns come in batches of rows
  client.audit.records().lines({ batchRows: 10 });
  // @ts-expect-error: what is followed is written into a folder, not a file at once
  client.audit.follow('state').writeParquet('x');
  // @ts-expect-error: what is no feed has no progress
  client.audit.listSubscriptions({ onProgress: () => {} });
  // @ts-expect-error: progress is a report
  client.audit.records({ onProgress: (share: number) => console.log(share) });
  // @ts-expect-error: a listing is not a promise
  client.audit.records().then();
  // @ts-expect-error: a state is required
  client.audit.follow();
  // @ts-expect-error: only what keeps a position is committed
  client.audit.records().commit();
  // @ts-expect-error: a webhook needs a client
  webhookHandler();
  const edit = (record: AuditRecord) => {
    // @ts-expect-error: what is read is not written
    record.raw = '';
  };
  void edit;
  // @ts-expect-error: there is no such level
  onLog(() => {}, 'loud');
}

void right;
void wrong;
