import { inspect } from 'node:util';

import { crossing } from './arguments';
import { CredentialBase, type Crossing } from './credentials';
import { refused } from './errors';
import type { AccessToken, TokenFunction } from './functions';

/** What a {@link TokenCredential} may be told of a token. */
export interface GetTokenOptions {
  /** The claims that the service demands of the token, as JSON text. */
  claims?: string | undefined;
  /** Whether the token may live long and be revoked at any moment. */
  enableCae?: boolean | undefined;
}

/** What every credential of `@azure/identity` is. */
export interface TokenCredential {
  /** Gives a token for scopes. What it throws is the `cause` of an `AuthError`. */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null>;
}

/** @internal What a client was given as its credential, as it crosses. */
export function crossed(credential: unknown, enableCae: boolean): Crossing {
  if (credential instanceof CredentialBase) return credential[crossing]();
  if (credential === undefined || credential === null) return { json: {}, functions: {} };
  if (!isTokenCredential(credential)) {
    throw refused('the credential is none of this package, and has no getToken');
  }
  const token: TokenFunction = ({ scope, claims }) => credential.getToken([scope], { claims, enableCae });
  return { json: { kind: 'callback' }, functions: { token } };
}

/** @internal A credential as it is printed: what others keep in theirs may be secret. */
export function printable(credential: unknown): unknown {
  if (!isTokenCredential(credential)) return credential;
  const name = credential.constructor?.name ?? 'TokenCredential';
  return { [inspect.custom]: () => `${name} {}` };
}

function isTokenCredential(value: unknown): value is TokenCredential {
  return typeof (value as Partial<TokenCredential> | undefined)?.getToken === 'function';
}
