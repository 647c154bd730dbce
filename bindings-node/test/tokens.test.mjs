import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { AuthError, Callback, Sandbox } from 'm365kit';

let sandbox;
before(async () => (sandbox = await Sandbox.start({ blobs: 0 })));
after(() => sandbox.close());

/** A token of the sandbox, as a user's own code would get one. */
async function fetchToken({ scope, tenant }) {
  const answer = await fetch(`${sandbox.cloud.hosts.authority}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: sandbox.clientId,
      client_secret: sandbox.clientSecret,
      scope,
    }),
  });
  return (await answer.json()).access_token;
}

const subscriptionsWith = (callback) =>
  sandbox.client({ credential: new Callback(callback) }).audit.listSubscriptions();

test('a function that promises a token', async () => {
  const requests = [];
  const subscriptions = await subscriptionsWith(async (request) => {
    requests.push(request);
    return fetchToken(request);
  });
  assert.ok(subscriptions.length > 0);
  assert.equal(requests.length, 1, 'the token is kept');
  assert.equal(requests[0].tenant, sandbox.tenant);
  assert.match(requests[0].scope, /\.default$/);
  assert.equal(typeof requests[0].resource, 'string');
});

test('a function that gives a token at once', async () => {
  const token = await fetchToken({
    scope: `${sandbox.cloud.hosts.management}/.default`,
    tenant: sandbox.tenant,
  });
  assert.ok((await subscriptionsWith(() => token)).length > 0);
  assert.ok((await subscriptionsWith(() => ({ token, expiresOn: new Date(Date.now() + 3.6e6) }))).length > 0);
  assert.ok((await subscriptionsWith(() => ({ token, expiresOnTimestamp: Date.now() + 3.6e6 }))).length > 0);
});

test('what a function throws is the cause of an AuthError', async () => {
  const broken = new Error('the vault is closed');
  for (const callback of [
    () => {
      throw broken;
    },
    () => Promise.reject(broken),
  ]) {
    const error = await subscriptionsWith(callback).catch((error) => error);
    assert.ok(error instanceof AuthError, error.stack);
    let cause = error;
    while (cause && cause !== broken) cause = cause.cause;
    assert.equal(cause, broken, 'the very error that was thrown');
  }
});

test('a function that gives no token is an AuthError', async () => {
  for (const nothing of [null, undefined, {}, '']) {
    await assert.rejects(
      subscriptionsWith(() => nothing),
      AuthError,
    );
  }
});

test('calls that wait share one token', async () => {
  let calls = 0;
  const callback = async (request) => {
    calls += 1;
    await sleep(50);
    return fetchToken(request);
  };
  const client = sandbox.client({ credential: new Callback(callback) });
  await Promise.all(Array.from({ length: 10 }, () => client.audit.listSubscriptions()));
  assert.equal(calls, 1);
});
