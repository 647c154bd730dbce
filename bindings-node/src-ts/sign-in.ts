import { crossing, encode } from './arguments';
import type { CallOptions } from './base';
import { stoppable } from './cancel';
import { Given } from './credentials';
import { attempt, fromNative, refused } from './errors';
// They are built on the classes below, so this module is only loaded by that one, or after it.
import { type Application, AuthorizationCode } from './faces/credentials';
import { Cloud } from './faces/cloud';
import { Bridge } from './functions';
import { native } from './native';

/** Where users sign in. */
export interface SignInPlace {
  /** The cloud that the tenant lives in. `Cloud.PUBLIC` by default. */
  cloud?: Cloud;
}

/** What all sign-ins have in common that come back to an address of the program's. */
export abstract class SignInBase extends Given {
  /** The application that users sign in to. */
  abstract readonly client: Application;

  /**
   * Makes the address to open in the user's browser. Nothing is sent.
   *
   * @param tenant A directory id, a domain, or `common`, `organizations` or `consumers`.
   */
  begin(tenant: string, { cloud = Cloud.PUBLIC }: SignInPlace = {}): PendingSignIn {
    const { json } = this[crossing]();
    const begun = attempt(() => native.beginSignIn(begin(json, tenant, cloud)));
    const { pending } = JSON.parse(begun) as { pending: string };
    return PendingSignIn.restore(this.client, pending);
  }
}

/** What all sign-ins have in common that open a browser on this machine. */
export abstract class BrowserSignInBase extends Given {
  /** The application that users sign in to. */
  abstract readonly client: Application;

  /**
   * Opens the browser and waits for the user; gives the credential to make a client with.
   *
   * @param tenant A directory id, a domain, or `common`, `organizations` or `consumers`.
   */
  async run(
    tenant: string,
    { cloud = Cloud.PUBLIC, signal }: SignInPlace & CallOptions = {},
  ): Promise<AuthorizationCode> {
    const { json, functions } = this[crossing]();
    const bridge = new Bridge(functions);
    const args = begin(json, tenant, cloud);
    const fields = await stoppable(
      signal,
      (thrown) => fromNative(thrown, bridge.thrown),
      (cancel) => native.browserSignIn(args, bridge.names, bridge.ask, cancel),
    );
    return codeOf(this.client, fields);
  }
}

/** A sign-in whose user is in the browser. */
export class PendingSignIn {
  readonly #client: Application;
  readonly #pending: string;
  readonly #url: string;

  private constructor(client: Application, pending: string, url: string) {
    this.#client = client;
    this.#pending = pending;
    this.#url = url;
  }

  /** The sign-in that was exported. */
  static restore(client: Application, exported: string): PendingSignIn {
    return new PendingSignIn(client, exported, urlOf(exported));
  }

  /** The address to open in the user's browser. */
  get url(): string {
    return this.#url;
  }

  /**
   * Finishes the sign-in with what came back, and gives the credential to make a client with.
   *
   * An answer whose `state` is not this sign-in's is refused with an {@link AuthError} and changes nothing: it may be
   * somebody else's, and the right one may still come.
   *
   * @param callback The whole address that the browser was sent to, its query, or the body that it posted.
   */
  finish(callback: string): AuthorizationCode {
    return codeOf(
      this.#client,
      attempt(() => native.finishSignIn(encode({ pending: this.#pending, callback }))),
    );
  }

  /**
   * All that it takes to finish the sign-in elsewhere but the client: for web servers whose next request meets another
   * process. It holds secrets of this user's session, so it belongs there and nowhere else.
   */
  export(): string {
    return this.#pending;
  }
}

/** What a sign-in is begun with. */
function begin(fields: object, tenant: string, cloud: Cloud): string {
  return encode({ sign_in: fields, tenant, cloud: cloud[crossing]() });
}

function codeOf(client: Application, fields: string): AuthorizationCode {
  const { code, redirect_uri, code_verifier, nonce, scopes } = JSON.parse(fields) as {
    [name in 'code' | 'redirect_uri' | 'code_verifier']: string;
  } & { nonce: string | null; scopes: string[] };
  return new AuthorizationCode({
    client,
    code,
    redirectUri: redirect_uri,
    codeVerifier: code_verifier,
    nonce: nonce ?? undefined,
    scopes,
  });
}

function urlOf(exported: string): string {
  try {
    const { url } = JSON.parse(exported) as { url: unknown };
    if (typeof url === 'string') return url;
  } catch {
    // What the parser says of it would show it.
  }
  throw refused('that is no exported sign-in: pass what export() gave');
}
