// What has `getToken`, as the credentials of `@azure/identity` do.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { AuthError, InvalidRequest, Sandbox } from 'm365kit';

let sandbox;
beforeEach(async () => (sandbox = await Sandbox.start({ blobs: 0 })));
afterEach(() => sandbox.close());

/** A credential of another library. */
class Elsewhere {
  asked = [];
  clientSecret = 's3cret';

  async getToken(scopes, options = {}) {
    this.asked.push({ scopes, ...options });
    const { authority } = sandbox.cloud.hosts;
    const capable = { access_token: { ...this.#demanded(options), xms_cc: { values: ['cp1'] } } };
    const answer = await fetch(`${authority}/${sandbox.tenant}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: sandbox.clientId,
        client_secret: sandbox.clientSecret,
        scope: [scopes].flat().join(' '),
        ...(options.enableCae && { claims: JSON.stringify(capable) }),
      }),
    });
    const { access_token: token, expires_in: seconds } = await answer.json();
    return { token, expiresOnTimestamp: Date.now() + seconds * 1000 };
  }

  #demanded({ claims }) {
    return claims && JSON.parse(claims).access_token;
  }
}

test('a credential of another library is used as it is', async () => {
  const credential = new Elsewhere();
  const client = sandbox.client({ credential });
  assert.ok((await client.audit.listSubscriptions()).length > 0);
  await client.audit.listSubscriptions();
  const scopes = [`${sandbox.cloud.hosts.management}/.default`];
  assert.deepEqual(credential.asked, [{ scopes, claims: undefined, enableCae: true }]);
});

test('it is given the claims that the service demands', async () => {
  const credential = new Elsewhere();
  const client = sandbox.client({ credential });
  await client.audit.listSubscriptions();
  await sandbox.control('revoke_tokens', { insist: true });
  assert.ok((await client.audit.listSubscriptions()).length > 0);
  assert.equal(credential.asked.length, 2);
  const { claims, enableCae } = credential.asked[1];
  assert.ok(enableCae);
  assert.equal(JSON.parse(claims).access_token.nbf.essential, true);
});

test('without continuous access it is asked for tokens that cannot be revoked', async () => {
  const credential = new Elsewhere();
  await sandbox.client({ credential, continuousAccess: false }).audit.listSubscriptions();
  assert.equal(credential.asked[0].enableCae, false);
});

test('what it throws is the cause, and no token is an error', async () => {
  const broken = new Error('nobody is signed in');
  const failing = { getToken: () => Promise.reject(broken) };
  const error = await sandbox
    .client({ credential: failing })
    .audit.listSubscriptions()
    .catch((error) => error);
  assert.ok(error instanceof AuthError, error.stack);
  assert.equal(error.cause, broken);
  const nothing = { getToken: async () => null };
  await assert.rejects(sandbox.client({ credential: nothing }).audit.listSubscriptions(), AuthError);
});

test('what it keeps is not printed with the client', () => {
  const shown = inspect(sandbox.client({ credential: new Elsewhere() }), { depth: null });
  assert.match(shown, /Elsewhere/);
  assert.doesNotMatch(shown, /s3cret/);
});

test('what is no credential is refused', () => {
  for (const wrong of [{}, { clientId: 'id', secret: 's3cret' }, 's3cret', 7, { getToken: 'x' }]) {
    assert.throws(() => sandbox.client({ credential: wrong }), {
      name: 'InvalidRequest',
      message: 'the credential is none of this package, and has no getToken',
    });
  }
  assert.throws(() => sandbox.client({ credential: undefined }), InvalidRequest);
});
