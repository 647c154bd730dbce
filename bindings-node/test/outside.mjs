// A sandbox as the libraries of others reach it: over TLS, and with plain HTTP beside them.

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { request } from 'node:https';

import { Sandbox } from 'm365kit';

/** The ways to a token, as the ledger calls them. */
export const grants = {
  app: 'client_credentials',
  code: 'authorization_code',
  device: 'device_code',
  behalf: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  refresh: 'refresh_token',
};

/** Claims that conditional access asks for. */
export const conditions = { access_token: { capolids: { essential: true, values: ['c4'] } } };

export class Outside {
  static async start(config) {
    const behaviour = { deviceInterval: 0, assertionReplay: 'same' };
    return new Outside(await Sandbox.start({ blobs: 0, https: true, identity: { behaviour }, ...config }));
  }

  constructor(sandbox) {
    this.sandbox = sandbox;
    this.authority = `${sandbox.url}/${sandbox.tenant}`;
    this.scope = `${sandbox.url}/.default`;
    this.ownScope = `api://${sandbox.clientId}/access_as_user`;
    this.machine = sandbox.identity.managed;
  }

  /** Sends a request and gives the whole answer; follows nothing. */
  send(url, { method = 'GET', headers = {}, body } = {}) {
    const { caCertificate: ca } = this.sandbox;
    return new Promise((resolve, reject) => {
      const asked = request(url, { method, headers, ca, agent: false }, (answer) => {
        answer.setEncoding('utf8');
        let text = '';
        answer.on('data', (part) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
        answer.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** Lists the subscriptions of the audit feed; gives the claims of a challenge, if any. */
  async call(token) {
    const { url, tenant } = this.sandbox;
    const list = `${url}/api/v1.0/${tenant}/activity/feed/subscriptions/list`;
    const answer = await this.send(list, { headers: { authorization: `Bearer ${token}` } });
    if (answer.status === 200) return null;
    assert.equal(answer.status, 401, answer.text);
    const [, claims] = /claims="([^"]+)"/.exec(answer.headers['www-authenticate']);
    return JSON.parse(Buffer.from(claims, 'base64'));
  }

  /** Opens a sign-in as a browser would, and gives what it is sent back with. */
  async browse(url) {
    const { status, headers, text } = await this.send(url);
    assert.equal(status, 302, text);
    return Object.fromEntries(new URL(headers.location).searchParams);
  }

  /** Uses a token, and gives its claims: they and the ledger fit the way it was got. */
  async check(token, { grant, credential, user = false }) {
    assert.equal(await this.call(token), null);
    const claims = await this.said(token);
    const { url, tenant, clientId, identity } = this.sandbox;
    const used = (await this.sandbox.ledger({ operation: 'subscriptions' })).at(-1);
    const bearer = `Bearer #${Number(claims.uti.replace('m365kit', ''))}`;
    assert.deepEqual([used.status, used.headers.authorization], [200, bearer]);
    const { status, login } = await this.asked();
    assert.deepEqual([status, login.grant, login.credential], [200, grant, credential]);
    assert.deepEqual([claims.aud, claims.tid], [url, tenant]);
    assert.ok((user ? claims.scp.split(' ') : claims.roles).includes('ActivityFeed.Read'));
    assert.equal(claims.upn, user ? identity.user : undefined);
    assert.equal(claims.appidacr, { none: '0', secret: '1' }[credential] ?? '2');
    if (grant !== 'managed_identity') {
      assert.deepEqual([claims.appid, login.clientId], [clientId, clientId]);
    }
    return claims;
  }

  /** The claims of a token that is signed with a key which the authority publishes. */
  async said(token) {
    const [header, claims, signature] = token.split('.').map((part) => Buffer.from(part, 'base64url'));
    const { keys } = JSON.parse((await this.send(`${this.authority}/discovery/v2.0/keys`)).text);
    const jwk = keys.find(({ kid }) => kid === JSON.parse(header).kid);
    const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')));
    assert.ok(verify('RSA-SHA256', signed, createPublicKey({ key: jwk, format: 'jwk' }), signature));
    return JSON.parse(claims);
  }

  /** The last request for a token. */
  async asked() {
    const all = await this.sandbox.ledger();
    return all.findLast(({ operation }) => ['token', 'managed_identity'].includes(operation));
  }

  /** A token that the application was called with as an API, by a user or by another application. */
  async calledWith({ user = this.sandbox.identity.user } = {}) {
    const audience = `api://${this.sandbox.clientId}`;
    return (await this.sandbox.issueToken({ audience, ...(user && { user }) })).token;
  }

  /** Lets conditional access stop the next request for a token. */
  async condition() {
    await this.sandbox.fault({
      match: { operation: 'token' },
      action: { aadsts: 50076, claims: conditions },
    });
  }
}
