// Sign-ins in a browser: begun, pending, finished.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  AuthError,
  AuthorizationCode,
  BrowserSignIn,
  ClientCertificate,
  ClientSecret,
  InvalidRequest,
  PendingSignIn,
  Sandbox,
  SignIn,
  WorkloadIdentity,
} from 'm365kit';

let sandbox;
beforeEach(async () => (sandbox = await Sandbox.start({ blobs: 0 })));
afterEach(() => sandbox.close());

const scopes = () => [`${sandbox.cloud.hosts.management}/.default`];
const begun = (client = sandbox.clientId, redirectUri = 'http://localhost:8400') =>
  new SignIn({ client, redirectUri, scopes: scopes() }).begin(sandbox.tenant, { cloud: sandbox.cloud });

/** Where the browser is sent back to. */
async function visited(url) {
  const answer = await fetch(url, { redirect: 'manual' });
  return answer.headers.get('location');
}

async function subscriptionsOf(credential) {
  return sandbox.client({ credential }).audit.listSubscriptions();
}

test('a sign-in to a public application ends with its credential', async () => {
  const pending = begun();
  assert.ok(pending.url.startsWith(`${sandbox.cloud.hosts.authority}/${sandbox.tenant}/`), pending.url);
  const code = pending.finish(await visited(pending.url));
  assert.ok(code instanceof AuthorizationCode);
  assert.equal(code.client, sandbox.clientId);
  assert.ok((await subscriptionsOf(code)).length > 0);
});

test('a sign-in to a confidential application proves who it is', async () => {
  const client = sandbox.credential;
  const pending = begun(client, 'http://localhost/web');
  const code = pending.finish(await visited(pending.url));
  assert.equal(code.client, client);
  assert.ok((await subscriptionsOf(code)).length > 0);
  const [request] = await sandbox.ledger({ path: '/oauth2/v2.0/token' });
  assert.equal(request.login.credential, 'secret');
});

test('a sign-in is finished where it was not begun', async () => {
  const pending = begun();
  const exported = pending.export();
  const elsewhere = PendingSignIn.restore(sandbox.clientId, exported);
  assert.equal(elsewhere.url, pending.url);
  assert.equal(elsewhere.export(), exported);
  assert.ok((await subscriptionsOf(elsewhere.finish(await visited(pending.url)))).length > 0);
  for (const wrong of ['', 's3cret', '{}', '{"url":7}', 'null', undefined]) {
    assert.throws(() => PendingSignIn.restore('app', wrong), {
      name: 'InvalidRequest',
      message: 'that is no exported sign-in: pass what export() gave',
    });
  }
});

test('only its own answer finishes it, and the right one may still come', async () => {
  const pending = begun();
  const callback = await visited(pending.url);
  for (const wrong of ['', 'code=c', callback.replace(/([?&])state=[^&]*/, '$1state=other')]) {
    assert.throws(() => pending.finish(wrong), AuthError);
  }
  assert.ok(pending.finish(callback) instanceof AuthorizationCode);
});

test('a refusal says what the service said', async () => {
  await sandbox.control('set_behaviour', { authorize: 'refuse', authorizeError: 'consent_required' });
  const pending = begun();
  const callback = await visited(pending.url);
  assert.throws(
    () => pending.finish(callback),
    (error) => {
      assert.ok(error instanceof AuthError);
      assert.equal(error.oauthError, 'consent_required');
      assert.equal(error.interactionRequired, true);
      return true;
    },
  );
});

test('what cannot be right is refused before anything is sent', () => {
  assert.throws(() => begun('app', 'http://contoso.com'), InvalidRequest);
  assert.throws(() => begun(''), InvalidRequest);
  assert.throws(() => new SignIn({ client: 'app', redirectUri: 'http://localhost', scpoes: [] }).begin('t'), {
    name: 'InvalidRequest',
    message: /scpoes/,
  });
});

test('a client whose proof is a function can begin', async () => {
  const { certificate } = await sandbox.control('make_certificate', { register: true });
  const clientId = sandbox.clientId;
  for (const client of [
    new ClientCertificate({ clientId, certificate, sign: () => Buffer.alloc(256) }),
    new WorkloadIdentity({ clientId, assertion: () => 'assertion' }),
    new ClientSecret({ clientId, secret: 's3cret' }),
  ]) {
    assert.ok(begun(client).url.includes(clientId));
  }
});

/** A browser that goes where it is sent. Nobody waits for its page. */
const browsing = (opened) => (url) => {
  opened.push(url);
  fetch(url).then(
    (page) => page.text(),
    () => {},
  );
};

for (const [when, wrap] of [
  ['at once', (open) => open],
  ['later', (open) => async (url) => (await sleep(5), open(url))],
]) {
  test(`the browser of this machine signs in when it is opened ${when}`, async () => {
    const opened = [];
    const open = wrap(browsing(opened));
    const signIn = new BrowserSignIn({ client: sandbox.clientId, scopes: scopes(), open });
    const code = await signIn.run(sandbox.tenant, { cloud: sandbox.cloud });
    assert.equal(opened.length, 1);
    assert.match(code.redirectUri, /^http:\/\/localhost:\d+$/);
    assert.ok((await subscriptionsOf(code)).length > 0);
  });
}

/** Whether something listens on a port of this machine. */
const listens = (port) =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => (socket.destroy(), done(true))).on('error', () => done(false));
  });

test('an aborted signal ends a sign-in, and nobody listens any more', async () => {
  const controller = new AbortController();
  let opened;
  const wait = new Promise((done) => (opened = done));
  const signIn = new BrowserSignIn({ client: sandbox.clientId, open: (url) => opened(url) });
  const run = signIn.run(sandbox.tenant, { cloud: sandbox.cloud, signal: controller.signal });
  const back = new URL(new URL(await wait).searchParams.get('redirect_uri'));
  assert.ok(await listens(Number(back.port)));
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(run, (error) => error === reason);
  for (let tries = 0; tries < 100 && (await listens(Number(back.port))); tries += 1) await sleep(10);
  assert.ok(!(await listens(Number(back.port))));
});

test('a signal that has fired already opens nothing', async () => {
  const opened = [];
  const signIn = new BrowserSignIn({ client: sandbox.clientId, open: browsing(opened) });
  await assert.rejects(signIn.run(sandbox.tenant, { cloud: sandbox.cloud, signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  assert.deepEqual(opened, []);
});

test('a user who takes too long is a Timeout', async () => {
  const signIn = new BrowserSignIn({ client: sandbox.clientId, timeout: 0.05, open: () => {} });
  await assert.rejects(signIn.run(sandbox.tenant, { cloud: sandbox.cloud }), { name: 'Timeout' });
});
