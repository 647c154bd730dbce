import { crossing, encode } from './arguments';
import { attempt, refused } from './errors';
import { Bridge, type Functions, type TokenStore } from './functions';
import { native, type NativeTokenCache } from './native';

/** What a file of tokens is sealed with. */
export type CacheKey =
  | {
      /** 32 bytes, from a place that is safe. */
      key: Uint8Array;
      passphrase?: never;
    }
  | {
      /** What a key is made from. */
      passphrase: string;
      key?: never;
    };

/**
 * Tokens, and the refresh tokens that renew them. Clients that are given the same cache share what they have in common.
 *
 * One that is kept is read when the first token is needed, and written after each change. A place that fails is a
 * warning in the log, and no reason to fail a call.
 *
 * @example
 * ```ts
 * const tokenCache = TokenCache.inFile('tokens', { passphrase });
 * const client = new Client({ tenant, credential: new DeviceCode({ clientId, display }), tokenCache });
 * ```
 */
export class TokenCache {
  readonly #native: NativeTokenCache;

  /** A cache that lives in memory. */
  constructor();
  /** @internal */
  constructor(place: object, functions: Functions);
  constructor(place: object = {}, functions: Functions = {}) {
    const { names, ask } = new Bridge(functions);
    this.#native = attempt(() => new native.NativeTokenCache(encode(place), names, ask));
  }

  /** A cache in an encrypted file that only its owner can read, and that processes share. */
  static inFile(path: string, { key, passphrase }: CacheKey): TokenCache {
    if (key !== undefined && !(key instanceof Uint8Array)) {
      throw refused(`key is to be bytes, and is ${typeof key}`);
    }
    return new TokenCache({ path, key: key && Buffer.from(key).toString('base64'), passphrase }, {});
  }

  /**
   * A cache in the platform's keyring, under this name: Keychain or Credential Manager. The packages for Linux are
   * built without Secret Service, and throw {@link InvalidRequest}: use {@link inFile} or {@link withStore}.
   */
  static inKeyring(name: string): TokenCache {
    return new TokenCache({ keyring: name }, {});
  }

  /** A cache in a place of the caller's. */
  static withStore({ load, save }: TokenStore): TokenCache {
    if (load === undefined || save === undefined) {
      throw refused('a store of tokens has two functions: load and save');
    }
    return new TokenCache({}, { load_cache: load, save_cache: save });
  }

  /**
   * All that is worth keeping, as bytes for {@link TokenCache.import}. They hold tokens in the clear: keep them as you
   * would a password.
   */
  export(): Buffer {
    return this.#native.export();
  }

  /** Takes in what {@link TokenCache.export} gave. Where both have an entry, the newer one stays. */
  import(bytes: Uint8Array): void {
    attempt(() => this.#native.import(Buffer.from(bytes)));
  }

  /** @internal */
  [crossing](): NativeTokenCache {
    return this.#native;
  }
}
