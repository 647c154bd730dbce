import type { DateTime } from './arguments';

/** What a token is wanted for. */
export interface TokenRequest {
  /** The scope, as the v2 endpoint wants it: `https://manage.office.com/.default`. */
  scope: string;
  /** The resource, as the v1 endpoint wants it: `https://manage.office.com`. */
  resource: string;
  /** The tenant of the client. */
  tenant: string;
}

/** A token and when it ends. What `getToken` of `@azure/identity` gives fits. */
export interface AccessToken {
  /** The token itself. */
  token: string;
  /** When it ends; by default the core reads it from the token, or asks again when the service refuses it. */
  expiresOn?: Date | DateTime;
  /** The same in milliseconds since 1970, as `@azure/identity` says it. */
  expiresOnTimestamp?: number;
}

/** Gives a token, at once or later. What it throws is the `cause` of an `AuthError`. */
export type TokenFunction = (
  request: TokenRequest,
) => AccessToken | string | null | Promise<AccessToken | string | null>;

/**
 * The user's function as the native module calls it: JSON in, JSON out, never a rejection.
 *
 * It keeps what the function threw last, since only the text crosses. It must not hold the client: the native client
 * holds it, and the two would keep each other alive.
 */
export class TokenBridge {
  thrown: Error | undefined;
  readonly #give: TokenFunction;

  constructor(give: TokenFunction) {
    this.#give = give;
  }

  readonly answer = async (request: string): Promise<string> => {
    try {
      const given = await this.#give(JSON.parse(request) as TokenRequest);
      const { token, expiresOn, expiresOnTimestamp }: Partial<AccessToken> =
        typeof given === 'string' ? { token: given } : (given ?? {});
      const end = expiresOn ?? expiresOnTimestamp;
      return JSON.stringify({
        token,
        expiresOn: end === undefined ? undefined : new Date(end).toISOString(),
      });
    } catch (error) {
      this.thrown = error instanceof Error ? error : new Error(String(error));
      return JSON.stringify({ error: this.thrown.message });
    }
  };
}
