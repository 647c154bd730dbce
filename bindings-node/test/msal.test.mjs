// MSAL for Node signs in to a sandbox. It reads the same wire, and knows nothing of m365kit.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import {
  ConfidentialClientApplication,
  CryptoProvider,
  InteractionRequiredAuthError,
  PublicClientApplication,
} from '@azure/msal-node';

import { Outside, conditions, grants } from './outside.mjs';

let outside;
beforeEach(async () => (outside = await Outside.start()));
afterEach(() => outside.sandbox.close());

/** How the library sends requests, with trust in the sandbox's certificate. */
const network = () => {
  const send =
    (method) =>
    async (url, { headers, body } = {}) => {
      const answer = await outside.send(url, { method, headers, body });
      return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) };
    };
  return { sendGetRequestAsync: send('GET'), sendPostRequestAsync: send('POST') };
};

const configuration = (auth) => ({
  auth: {
    clientId: outside.sandbox.clientId,
    authority: outside.authority,
    knownAuthorities: [new URL(outside.authority).host],
    ...auth,
  },
  system: { networkClient: network() },
});
const server = (auth = { clientSecret: outside.sandbox.clientSecret }) =>
  new ConfidentialClientApplication(configuration(auth));
const program = () => new PublicClientApplication(configuration());
const wish = (more) => ({ scopes: [outside.scope], ...more });

const alone = (auth) => server(auth).acquireTokenByClientCredential(wish());

async function certificate({ register = true, chain = false } = {}) {
  const made = await outside.sandbox.makeCertificate({ register });
  const thumbprintSha256 = Buffer.from(made.x5tS256, 'base64url').toString('hex');
  const x5c = chain ? { x5c: made.certificate } : {};
  return alone({ clientCertificate: { thumbprintSha256, privateKey: made.privateKey, ...x5c } });
}

const federated = (wish) => alone({ clientAssertion: () => outside.sandbox.federatedToken(wish) });

const device = (app = program()) =>
  app.acquireTokenByDeviceCode(
    wish({
      deviceCodeCallback: async ({ userCode }) => {
        const codes = await outside.sandbox.deviceCodes();
        assert.deepEqual(
          codes.map((code) => code.userCode),
          [userCode],
        );
      },
    }),
  );

/** By a browser, with PKCE. */
async function code(app = program(), scopes = [outside.scope], redirectUri = 'http://localhost:8400') {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const asked = { scopes, redirectUri, state: 'the state' };
  const url = await app.getAuthCodeUrl({
    ...asked,
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
    responseMode: 'query',
  });
  const back = await outside.browse(url);
  assert.equal(back.state, asked.state);
  if (back.error) throw Object.assign(new Error(back.error_description), { errorCode: back.error });
  return app.acquireTokenByCode({ ...asked, code: back.code, codeVerifier: verifier });
}

async function refresh(meanwhile = () => {}) {
  const app = program();
  const { account } = await code(app);
  await meanwhile();
  return app.acquireTokenSilent(wish({ account, forceRefresh: true }));
}

const behalf = async (oboAssertion) =>
  server().acquireTokenOnBehalfOf(
    wish({ oboAssertion: oboAssertion ?? (await code(program(), [outside.ownScope])).accessToken }),
  );

const flows = {
  secret: [() => alone(), grants.app, 'secret'],
  certificate: [() => certificate(), grants.app, 'certificate'],
  'certificate with its chain': [() => certificate({ chain: true }), grants.app, 'certificate'],
  'client assertion': [() => federated(), grants.app, 'federated'],
  'device code': [() => device(), grants.device, 'none', true],
  'authorization code': [() => code(), grants.code, 'none', true],
  'authorization code of a server': [
    () => code(server(), [outside.scope], 'http://localhost/web'),
    grants.code,
    'secret',
    true,
  ],
  'refresh token': [() => refresh(), grants.refresh, 'none', true],
  'on behalf of': [() => behalf(), grants.behalf, 'secret', true],
};

for (const [name, [run, grant, credential, user]] of Object.entries(flows)) {
  test(`msal-node: ${name}`, async () => {
    const { accessToken, expiresOn, fromCache } = await run();
    assert.equal(fromCache, false);
    const claims = await outside.check(accessToken, { grant, credential, user });
    assert.ok(Math.abs(expiresOn.getTime() / 1000 - claims.exp) < 60);
  });
}

const nothing = () => {};
const state = (name) => () => outside.sandbox.credentialState(name);
const expire = () =>
  outside.sandbox.setApp({
    secrets: [{ value: outside.sandbox.clientSecret, expires: new Date('2020-01-01') }],
  });

/** What is broken, what is asked, and what the library must see. */
const refusals = {
  'wrong secret': [nothing, () => alone({ clientSecret: 'wrong' }), 'invalid_client', 7000215],
  'expired secret': [expire, () => alone(), 'invalid_client', 7000222],
  'unknown certificate': [nothing, () => certificate({ register: false }), 'invalid_client', 700027],
  'expired assertion': [nothing, () => federated({ lifetime: -600 }), 'invalid_client', 700024],
  'unknown application': [state('unknown_app'), () => alone(), 'unauthorized_client', 700016],
  'unknown tenant': [state('unknown_tenant'), () => alone(), 'invalid_request', 90002],
  'no consent': [
    () => outside.sandbox.setApp({ consented: false }),
    async () => behalf(await outside.calledWith()),
    'invalid_grant',
    65001,
    { subError: 'consent_required' },
  ],
  'conditional access': [
    () => outside.condition(),
    async () => behalf(await outside.calledWith()),
    'interaction_required',
    50076,
    { claims: JSON.stringify(conditions) },
  ],
  'nobody to act for': [
    nothing,
    async () => behalf(await outside.calledWith({ user: null })),
    'invalid_grant',
    7000114,
  ],
  'sign-in refused': [
    () => outside.sandbox.setBehaviour({ authorize: 'refuse' }),
    () => code(),
    'access_denied',
    null,
  ],
  'device declined': [
    () => outside.sandbox.setBehaviour({ device: ['declined'] }),
    () => device(),
    'post_request_failed',
    null,
    { errorMessage: 'authorization_declined' },
  ],
  'refresh token revoked': [
    nothing,
    () => refresh(() => outside.sandbox.revokeRefreshTokens()),
    'invalid_grant',
    50173,
    { subError: 'bad_token' },
  ],
};

for (const [name, [broken, asked, errorCode, number, more = {}]] of Object.entries(refusals)) {
  test(`msal-node is refused: ${name}`, async () => {
    await broken();
    await assert.rejects(asked, (error) => {
      assert.equal(error.errorCode, errorCode, error);
      if (number !== null) assert.match(error.errorMessage, new RegExp(`AADSTS${number}: `));
      for (const [member, value] of Object.entries(more)) assert.equal(error[member], value);
      const interactive = 'claims' in more || more.subError === 'consent_required';
      if (interactive) assert.ok(error instanceof InteractionRequiredAuthError);
      return true;
    });
  });
}

test('msal-node is told of a tenant that is not there', async () => {
  const authority = `${outside.sandbox.url}/nowhere.example`;
  await assert.rejects(alone({ clientSecret: outside.sandbox.clientSecret, authority }), (error) => {
    assert.equal(error.errorCode, 'endpoints_resolution_error', error);
    return true;
  });
  const [metadata] = await outside.sandbox.ledger({ path: '/nowhere.example/' });
  assert.equal(metadata.status, 400);
});

test('msal-node answers a challenge', async () => {
  const app = server({ clientSecret: outside.sandbox.clientSecret, clientCapabilities: ['cp1'] });
  const first = await app.acquireTokenByClientCredential(wish());
  const way = { grant: grants.app, credential: 'secret' };
  assert.deepEqual((await outside.check(first.accessToken, way)).xms_cc, ['cp1']);
  assert.equal(await outside.sandbox.revokeTokens({ insist: true }), 1);
  const claims = JSON.stringify(await outside.call(first.accessToken));
  const second = await app.acquireTokenByClientCredential(wish({ claims, skipCache: true }));
  await outside.check(second.accessToken, way);
});
