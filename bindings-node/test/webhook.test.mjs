// The receiver of webhooks: in front of Node's http and of whatever speaks `Request`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { after, afterEach, before, test } from 'node:test';

import { InvalidRequest, Sandbox, webhookHandler } from 'm365kit';

import { collect } from './webhooks/collect.mjs';

const authId = 'what was agreed on';
let sandbox;
let other;
before(async () => {
  sandbox = await Sandbox.start({ blobs: 0, webhookHttp: true });
  // Another tenant of the same cloud, as far as its hosts say.
  other = await Sandbox.start({ blobs: 0, seed: 2 });
});
after(() => {
  sandbox.close();
  other.close();
});

const servers = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** What a handler was told, and the handler. */
function receiver(clients, options = {}) {
  const heard = { notifications: [], rejected: [] };
  const handler = webhookHandler(clients, {
    authId,
    onNotifications: (notifications, { client, warnings }) =>
      void heard.notifications.push({ client, warnings, ids: notifications.map((it) => it.contentId) }),
    onRejected: (rejection) => void heard.rejected.push(rejection),
    ...options,
  });
  return { handler, heard };
}

/** A server of Node's with a handler; its address. */
async function listen(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/`;
}

const notification = (contentId, { tenant, clientId } = sandbox) => ({
  tenantId: tenant,
  clientId,
  contentType: 'Audit.Exchange',
  contentId,
  contentCreated: '2026-11-20T10:09:48.772Z',
});
const delivery = (body, headers = {}) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'Webhook-AuthID': authId, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const validation = delivery({ validationCode: 'abc' }, { 'Webhook-ValidationCode': 'abc' });

/** The same requests by both ways in; `post` gives the status and the text. */
function both(name, work) {
  const answered = async (response) => ({ status: response.status, text: await response.text() });
  test(`${name} (http)`, () =>
    work(async (handler) => {
      const address = await listen(handler);
      return async (init) => answered(await fetch(address, init));
    }));
  test(`${name} (Request)`, () =>
    work(
      // Frameworks pass their own things behind the request.
      async (handler) => async (init) => answered(await handler(new Request('http://x/', init), { env: {} })),
    ));
}

both('the service is answered with a status and nothing else', async (open) => {
  const { handler, heard } = receiver(sandbox.client());
  const post = await open(handler);
  assert.deepEqual(await post(validation), { status: 200, text: '' });
  assert.deepEqual(await post(delivery([notification('a$b'), notification('c')])), { status: 200, text: '' });
  assert.deepEqual(
    heard.notifications.map(({ ids }) => ids),
    [['a$b', 'c']],
  );
  assert.deepEqual(heard.rejected, []);
});

both('what is not from the service is rejected, and the reason told', async (open) => {
  const { handler, heard } = receiver(sandbox.client(), { clientIds: [sandbox.clientId] });
  const post = await open(handler);
  const requests = [
    [{ method: 'GET' }, 405],
    [delivery([notification('a')], { 'Webhook-AuthID': 'guessed' }), 401],
    [{ ...delivery([notification('a')]), headers: {} }, 401],
    [delivery('{"no": "list"}'), 400],
    [delivery('not JSON'), 400],
    [delivery(''), 400],
    [delivery([]), 400],
    [delivery([1, null, 'text']), 400],
    [delivery([notification('a', other)]), 400],
    [delivery([{ ...notification('a'), clientId: other.clientId }]), 400],
    [delivery({ validationCode: 'abc' }, { 'Webhook-ValidationCode': 'other' }), 400],
  ];
  for (const [index, [init, status]] of requests.entries()) {
    assert.deepEqual(await post(init), { status, text: '' }, `request ${index}`);
    assert.equal(heard.rejected[index].status, status);
    assert.ok(heard.rejected[index].reason.length > 0);
    assert.equal(heard.rejected[index].error, undefined);
  }
  assert.deepEqual(heard.notifications, []);
});

both('a bad notification does not spoil the others', async (open) => {
  const { handler, heard } = receiver(sandbox.client());
  const post = await open(handler);
  const bad = [notification(''), notification('b', other), 7];
  assert.equal((await post(delivery([...bad, notification('good')]))).status, 200);
  assert.deepEqual(heard.notifications[0].ids, ['good']);
  assert.equal(heard.notifications[0].warnings.length, 3);
});

both('a body that is too long is not read', async (open) => {
  const { handler, heard } = receiver(sandbox.client(), { maxBytes: 1000 });
  const post = await open(handler);
  const just = `[${JSON.stringify(notification('a'))}]`;
  assert.equal((await post(delivery(just.padEnd(1000)))).status, 200);
  assert.equal((await post(delivery(just.padEnd(1001)))).status, 413);
  assert.deepEqual(
    heard.rejected.map(({ status }) => status),
    [413],
  );
});

test('a body without a length is read up to what is allowed, and no further', async () => {
  let given = 0;
  const body = new ReadableStream({
    pull(controller) {
      given += 1;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const { handler } = receiver(sandbox.client(), { maxBytes: 10_000 });
  const init = { method: 'POST', headers: { 'Webhook-AuthID': authId }, body, duplex: 'half' };
  assert.equal((await handler(new Request('http://x/', init))).status, 413);
  assert.ok(given < 20, `${given} pieces were read`);

  const address = new URL(await listen(handler));
  const request = send(address, { method: 'POST', headers: { 'Webhook-AuthID': authId } });
  request.on('error', () => {}); // the rest of it is not wanted
  const endless = setInterval(() => request.write(Buffer.alloc(4000)), 5);
  const [response] = await once(request, 'response');
  clearInterval(endless);
  assert.equal(response.statusCode, 413);
  assert.equal(response.headers.connection, 'close');
  request.destroy();
});

test('a request that its sender leaves is not an error that anybody sees', async () => {
  const { handler, heard } = receiver(sandbox.client());
  const address = new URL(await listen(handler));
  const request = send(address, { method: 'POST', headers: { 'Webhook-AuthID': authId } });
  request.on('error', () => {});
  request.write('[');
  await new Promise((resolve) => setTimeout(resolve, 50));
  request.destroy();
  for (let tries = 0; tries < 100 && heard.rejected.length === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(heard.rejected.length, 1);
});

test('a body that a parser has read already is taken as it is', async () => {
  const { handler, heard } = receiver(sandbox.client());
  for (const parse of [(text) => JSON.parse(text), (text) => text, (text) => Buffer.from(text)]) {
    const address = await listen(async (request, response) => {
      let text = '';
      for await (const piece of request) text += piece;
      request.body = parse(text);
      await handler(request, response);
    });
    assert.equal((await fetch(address, delivery([notification('parsed')]))).status, 200);
  }
  assert.equal(heard.notifications.length, 3);
});

both('several clients are told of what is theirs', async (open) => {
  // The second was made with a domain: its id is not known before it accepts something.
  const clients = [sandbox.client(), other.client({ tenant: other.domain })];
  const { handler, heard } = receiver(clients);
  const post = await open(handler);
  const heardBy = () =>
    heard.notifications.splice(0).map(({ client, ids }) => [clients.indexOf(client), ids]);
  assert.equal((await post(validation)).status, 200);
  assert.equal((await post(delivery([notification('a')]))).status, 200);
  assert.deepEqual(heardBy(), [[0, ['a']]]);
  assert.equal((await post(delivery([notification('b', other)]))).status, 200);
  assert.deepEqual(heardBy(), [[1, ['b']]]);
  const mixed = [notification('c', other), notification('d'), notification('e', other)];
  assert.equal((await post(delivery(mixed))).status, 200);
  assert.deepEqual(heardBy().sort(), [
    [0, ['d']],
    [1, ['c', 'e']],
  ]);
  const stranger = { tenant: '00000000-0000-0000-0000-000000000000', clientId: sandbox.clientId };
  assert.equal((await post(delivery([notification('f', stranger)]))).status, 400);
  assert.equal((await post(delivery([notification('g')], { 'Webhook-AuthID': 'guessed' }))).status, 401);
  assert.deepEqual(heardBy(), []);
});

both('one client may serve tenants that are not its own', async (open) => {
  const { handler, heard } = receiver(sandbox.client(), { tenants: [other.tenant] });
  const post = await open(handler);
  assert.equal((await post(delivery([notification('a', other)]))).status, 200);
  assert.equal((await post(delivery([notification('b')]))).status, 400);
  assert.deepEqual(
    heard.notifications.map(({ ids }) => ids),
    [['a']],
  );
});

both('what fails here is answered with 500, so that it comes again', async (open) => {
  const broken = new Error('the disk is full');
  const onNotifications = () => Promise.reject(broken);
  const { handler, heard } = receiver(sandbox.client(), { onNotifications });
  const post = await open(handler);
  assert.deepEqual(await post(delivery([notification('a')])), { status: 500, text: '' });
  assert.equal(heard.rejected[0].error, broken);
  const closed = sandbox.client();
  closed.close();
  const late = receiver(closed);
  assert.equal((await (await open(late.handler))(delivery([notification('a')]))).status, 500);
  assert.equal(late.heard.rejected[0].error.kind, 'Cancelled');
});

test('options that cannot be right are refused at once', () => {
  const client = sandbox.client();
  assert.throws(() => webhookHandler([]), InvalidRequest);
  assert.throws(() => webhookHandler(client, { authId: ' ' }), InvalidRequest);
  for (const maxBytes of [0, -1, Number.NaN, 1.5]) {
    assert.throws(() => webhookHandler(client, { maxBytes }), InvalidRequest);
  }
});

test('every blob arrives once, whatever happens to the deliveries', async () => {
  const faults = { share: 0.5, actions: ['drop', 'fail', 'delay', 'duplicate', 'reorder'], delay: 0.3 };
  const counts = await collect({ blobs: 60, faults });
  const { added, once: delivered, twice, never, rejected, errors } = counts;
  assert.deepEqual(
    { added, delivered, twice, never, rejected, errors },
    { added: 60, delivered: 60, twice: 0, never: 0, rejected: [], errors: [] },
  );
  assert.ok(counts.failed > 0 && counts.deliveries > counts.failed, JSON.stringify(counts));
  assert.ok(counts.early > 0, 'webhooks are faster than polling');
});

test('what no delivery tells of is found by polling', async () => {
  // After ten failures in a row the service gives the webhook up.
  const {
    added,
    once: delivered,
    twice,
    early,
  } = await collect({
    blobs: 20,
    faults: { share: 1, actions: ['drop'] },
  });
  assert.deepEqual({ added, delivered, twice, early }, { added: 20, delivered: 20, twice: 0, early: 0 });
});
