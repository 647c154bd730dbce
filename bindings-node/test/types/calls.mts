import { createServer } from 'node:http';

import {
  type AuditRecord,
  type AuditRecords,
  AuthError,
  AuthorizationCode,
  AzureCli,
  type Batches,
  BrowserSignIn,
  Callback,
  Client,
  ClientCertificate,
  ClientSecret,
  Cloud,
  ContentType,
  type DateTime,
  DefaultCredential,
  DeviceCode,
  element,
  enumLiteral,
  field,
  Filter,
  type Following,
  guidLiteral,
  type Listing,
  M365Error,
  ManagedIdentity,
  not,
  OnBehalfOf,
  onLog,
  type Page,
  type Paged,
  type ParkedContent,
  PendingSignIn,
  RefreshToken,
  type Report,
  Sandbox,
  type SandboxApp,
  SignIn,
  type ServiceIssue,
  type SinkStep,
  StaticToken,
  Throttled,
  TokenCache,
  type TokenCredential,
  type Warning,
  webhookHandler,
  WorkloadIdentity,
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
  await sandbox.fault({ match: { operation: 'health_issues' }, action: { status: 503 } });
  await sandbox.setServiceHealth({ retired: 410, live: { every: 60 }, limits: true });
  (await sandbox.serviceHealth()).issues.length.toFixed();
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

/** The shape of the credentials of `@azure/identity`. */
declare const elsewhere: {
  getToken(
    scopes: string | string[],
    options?: { abortSignal?: AbortSignal; claims?: string; enableCae?: boolean; tenantId?: string },
  ): Promise<{ token: string; expiresOnTimestamp: number; tokenType?: 'Bearer' | 'pop' } | null>;
};

async function credentials(signal: AbortSignal): Promise<void> {
  const tenant = 't';
  const certificate = new ClientCertificate({
    clientId: 'id',
    certificatePath: 'client.pem',
    sign: async (bytes) => new Uint8Array(bytes.readUInt8()),
  });
  certificate.certificatePath?.toUpperCase();
  for (const credential of [
    secret,
    certificate,
    new ClientCertificate({ clientId: 'id', certificate: 'PEM', password: 'p', algorithm: 'rs256' }),
    new WorkloadIdentity(),
    new WorkloadIdentity({ assertion: () => 'assertion' }),
    new ManagedIdentity(),
    new ManagedIdentity({ clientId: 'id', allowUser: true }),
    new DeviceCode({ clientId: 'id', display: ({ userCode }) => console.log(userCode.toUpperCase()) }),
    new AuthorizationCode({ client: 'id', code: 'c', redirectUri: 'https://x', codeVerifier: 'v' }),
    new RefreshToken({ client: 'id', token: 'token' }),
    new RefreshToken({ client: secret, token: 'token', scopes: ['Mail.Read'] }),
    new OnBehalfOf({ client: certificate, userToken: 'token' }),
    new AzureCli(),
    new DefaultCredential(),
    elsewhere,
    elsewhere satisfies TokenCredential,
    new Callback(async ({ scope, claims }) => `${scope}${claims?.toUpperCase()}`),
  ]) {
    new Client({ tenant, credential, continuousAccess: false, validateAuthority: true });
  }

  const tokenCache: TokenCache = TokenCache.inFile('tokens', { passphrase: 'p' });
  TokenCache.inFile('tokens', { key: new Uint8Array(32) });
  TokenCache.inKeyring('name');
  TokenCache.withStore({ load: async () => null, save: async (bytes) => console.log(bytes.length) });
  new TokenCache().import(tokenCache.export().subarray(1));

  const pending: PendingSignIn = new SignIn({
    client: secret,
    redirectUri: 'https://app.example/back',
    scopes: ['User.Read'],
    prompt: 'select_account',
  }).begin('organizations', { cloud: Cloud.CHINA });
  const again = PendingSignIn.restore('id', pending.export());
  const code: AuthorizationCode = again.finish(`${again.url}?code=c`);
  const browser = new BrowserSignIn({ client: 'id', timeout: '2m', open: async (url) => console.log(url) });
  const credential: AuthorizationCode = await browser.run('common', { signal });
  try {
    await new Client({ tenant, credential, tokenCache }).audit.diagnose();
    await new Client({ tenant, credential: code, tokenCache }).audit.diagnose();
  } catch (error) {
    if (error instanceof AuthError && error.interactionRequired) {
      new SignIn({ client: 'id', redirectUri: 'http://localhost', claims: error.claims }).begin(tenant);
      console.log(error.oauthError, error.suberror, error.traceId, error.correlationId);
    }
  }
}

function wrongCredentials(): void {
  const redirectUri = 'http://localhost';
  // @ts-expect-error: nothing is no credential
  new Client({ tenant: 't', credential: {} });
  // @ts-expect-error: a sign-in is no credential yet
  new Client({ tenant: 't', credential: new SignIn({ client: 'id', redirectUri }) });
  // @ts-expect-error: a cache is not its place
  new Client({ tenant: 't', credential: secret, tokenCache: { path: 'tokens' } });
  // @ts-expect-error: the id alone proves nothing
  new OnBehalfOf({ client: 'id', userToken: 'token' });
  // @ts-expect-error: a machine is no application of its own
  new OnBehalfOf({ client: new ManagedIdentity({ clientId: 'id' }), userToken: 'token' });
  // @ts-expect-error: neither is a developer
  new RefreshToken({ client: new AzureCli(), token: 'token' });
  // @ts-expect-error: nor a token
  new SignIn({ client: new StaticToken('token'), redirectUri });
  // @ts-expect-error: a client is not its fields
  new BrowserSignIn({ client: { clientId: 'id', secret: 'secret' } });
  // @ts-expect-error: a code has to be shown
  new DeviceCode({ clientId: 'id' });
  // @ts-expect-error: an assertion is text
  new WorkloadIdentity({ assertion: () => 7 });
  // @ts-expect-error: a signature is bytes
  new ClientCertificate({ clientId: 'id', sign: () => 'text' });
  // @ts-expect-error: a file has one key
  TokenCache.inFile('tokens', { key: new Uint8Array(32), passphrase: 'p' });
  // @ts-expect-error: a file has a key
  TokenCache.inFile('tokens');
  // @ts-expect-error: what is kept has to be saved
  TokenCache.withStore({ load: () => null });
  // @ts-expect-error: a sign-in is begun first
  new SignIn({ client: 'id', redirectUri }).finish('code');
  // @ts-expect-error: a sign-in under way is not made by hand
  new PendingSignIn();
  // @ts-expect-error: what it takes to finish is exported
  new SignIn({ client: 'id', redirectUri }).begin('t').verifier;
  // @ts-expect-error: there is no such question of a page
  new SignIn({ client: 'id', redirectUri, prompt: 7 });
}

function filters(): void {
  const services: Filter = field('services').any(element().eq('Exchange Online'));
  const filter = services.and(not(field('status').eq(enumLiteral('resolved')))).or('isMajorChange eq true');
  const issues: Paged<ServiceIssue> = client.serviceHealth.listIssues({ filter, select: ['title'] });
  client.serviceHealth.listMessages({ filter: 'isMajorChange eq true' });
  field('startDateTime')
    .ge(new Date())
    .and(field('tenant').eq(guidLiteral('id')));
  void issues;
  // @ts-expect-error: a field alone is no filter
  client.serviceHealth.listIssues({ filter: field('isResolved') });
  // @ts-expect-error: a filter is no truth value
  client.serviceHealth.listIssues({ filter: true });
  // @ts-expect-error: nothing is null
  field('a').eq(undefined);
  // @ts-expect-error: bytes are no value
  field('a').eq(new Uint8Array(3));
  // @ts-expect-error: what a text holds is text
  field('a').contains(3);
  // @ts-expect-error: filters are not joined with truth values
  services.and(true);
  // @ts-expect-error: literals are made by their functions
  new Literal({});
}

function wrong(): void {
  // @ts-expect-error: there is no such behaviour
  new Sandbox({ identity: { behaviour: { authorize: 'shrug' } } });
  // @ts-expect-error: a dialect is one of two
  new Sandbox({ serviceHealth: { dialect: 'latin' } });
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

void credentials;
void wrongCredentials;
void right;
void wrong;
void filters;
