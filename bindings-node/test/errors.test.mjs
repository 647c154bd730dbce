import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import * as m365 from 'm365kit';

const { ClientSecret, InvalidRequest, M365Error, NetworkError, NotFound, Sandbox } = m365;

let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 5, records: 5 })));
after(() => sandbox.close());

const KINDS = [
  'AuthError',
  'PermissionDenied',
  'NotFound',
  'Throttled',
  'InvalidRequest',
  'Conflict',
  'Gone',
  'ServiceError',
  'NetworkError',
  'Timeout',
  'DecodeError',
  'StorageError',
  'UnsupportedOnWire',
  'Cancelled',
];

test('every kind has a class below M365Error, with its name', () => {
  for (const kind of KINDS) {
    assert.ok(m365[kind].prototype instanceof M365Error, kind);
    assert.equal(m365[kind].prototype.name, kind);
  }
});

test('a refusal of the service carries what is known about it', async () => {
  await sandbox.fault({
    match: { operation: 'subscriptions' },
    action: {
      status: 404,
      body: '{"error":{"code":"AF20055","message":"nothing here"}}',
      headers: { 'content-type': 'application/json' },
    },
  });
  const error = await sandbox
    .client()
    .audit.listSubscriptions()
    .catch((error) => error);
  assert.ok(error instanceof M365Error && error instanceof Error);
  assert.equal(error.status, 404);
  assert.equal(error.code, 'AF20055');
  assert.equal(typeof error.retryable, 'boolean');
  assert.equal(error.name, error.kind);
  assert.match(error.stack, new RegExp(`^${error.kind}: `));
  assert.ok('requestId' in error === (error.requestId !== undefined), 'what is not known is not there');
});

test('arguments that cannot be right are refused before anything is sent', async () => {
  const client = sandbox.client();
  await sandbox.clearLedger();
  await assert.rejects(
    client.audit.start('Audit.Exchange', { webhook: { address: 'http://x' } }),
    InvalidRequest,
  );
  await assert.rejects(client.audit.records({ last: '8d' }).toArray(), InvalidRequest);
  await assert.rejects(client.audit.records({ contentType: ['Audit.Exchange'] }).toArray(), InvalidRequest);
  await assert.rejects(client.audit.records({ start: new Date('nonsense') }).toArray(), {
    name: 'InvalidRequest',
    message: 'start is an invalid Date',
  });
  assert.throws(() => sandbox.client({ rateLimit: Number.NaN }), { name: 'InvalidRequest', message: /rate/ });
  assert.throws(() => sandbox.client({ concurency: 3 }), { name: 'InvalidRequest', message: /concurency/ });
  assert.throws(() => new m365.Client({}), { name: 'InvalidRequest' });
  assert.equal((await sandbox.ledger()).length, 0);
});

test('what was behind a failure is its cause', async () => {
  const cloud = m365.Cloud.custom({ authority: 'http://127.0.0.1:9', management: 'http://127.0.0.1:9' });
  const error = await sandbox
    .client({ cloud, attempts: 1 })
    .audit.listSubscriptions()
    .catch((error) => error);
  assert.ok(error instanceof NetworkError, inspect(error));
  assert.ok(error.cause instanceof Error && error.cause.message.length > 0);
});

test('a feed that collects ends well and tells what failed', async () => {
  await sandbox.fault({
    match: { operation: 'blob', nth: 1 },
    action: { status: 404, body: '{}' },
    when: 'once',
  });
  const run = sandbox.client().audit.records({ last: '24h', onError: 'collect' });
  const records = await run.toArray();
  assert.equal(run.errors.length, 1);
  assert.ok(run.errors[0] instanceof M365Error);
  assert.ok(run.errors[0].contentId);
  assert.ok(records.length > 0);
  assert.equal(run.report.failed, 1);
});

test('the summary of a feed holds the failures as errors', async () => {
  await sandbox.fault({
    match: { operation: 'blob', nth: 1 },
    action: { status: 404, body: '{}' },
    when: 'once',
  });
  const run = sandbox.client().audit.records({ last: '24h' });
  const error = await run.toArray().catch((error) => error);
  assert.equal(error.errors.length, 1);
  assert.ok(error.errors[0] instanceof M365Error);
});

test('no printing shows a secret', async () => {
  const secret = 'a-very~secret+secret';
  const credential = new ClientSecret({ clientId: sandbox.clientId, secret });
  const token = new m365.StaticToken(`token-${secret}`);
  const client = sandbox.client({ credential });
  const failure = await client.audit.listSubscriptions().catch((error) => error);
  assert.ok(failure instanceof m365.AuthError, inspect(failure));
  const other = sandbox.client({ credential: token });
  for (const shown of [credential, token, client, other, failure, { deep: { credential, client } }]) {
    const texts = [
      inspect(shown, { depth: 20, showHidden: true }),
      JSON.stringify(shown),
      String(shown),
      JSON.stringify(Object.entries(shown)),
    ];
    for (const text of texts) assert.ok(!text.includes(secret), text);
  }
  assert.match(inspect(client), /^Client \{\s+tenant: .*clientId/s);
  assert.match(inspect(credential), /^ClientSecret \{ clientId: '[-0-9a-f]+' \}$/);
});

test('a refused sign-in says what the service said', async () => {
  const other = await Sandbox.start({ blobs: 0 });
  const claims = { access_token: { acrs: { essential: true, value: 'c1' } } };
  const refusal = { aadsts: 50076, error: 'interaction_required', suberror: 'basic_action', claims };
  await other.fault({ match: { operation: 'token' }, action: refusal, when: 'always' });
  const token = 'a refresh token';
  const credential = new m365.RefreshToken({ client: other.clientId, token });
  const error = await other
    .client({ credential })
    .audit.listSubscriptions()
    .catch((error) => error);
  assert.ok(error instanceof m365.AuthError, error.stack);
  assert.equal(error.code, 'AADSTS50076');
  assert.equal(error.oauthError, 'interaction_required');
  assert.equal(error.suberror, 'basic_action');
  assert.equal(error.interactionRequired, true);
  assert.deepEqual(JSON.parse(error.claims), claims);
  assert.match(error.traceId, /^[0-9a-f-]{36}$/);
  assert.match(error.correlationId, /^[0-9a-f-]{36}$/);
  other.close();
});

test('what is not said of a sign-in is absent', async () => {
  const secret = new ClientSecret({ clientId: sandbox.clientId, secret: 'wrong' });
  const error = await sandbox
    .client({ credential: secret })
    .audit.listSubscriptions()
    .catch((error) => error);
  assert.equal(error.oauthError, 'invalid_client');
  for (const name of ['interactionRequired', 'claims', 'suberror']) assert.ok(!(name in error), name);
});
