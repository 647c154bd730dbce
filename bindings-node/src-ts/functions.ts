import type { DateTime } from './arguments';
import { refused } from './errors';
import type { DeviceCodePrompt } from './faces';
import type { Ask } from './native';

/** What a token is wanted for. */
export interface TokenRequest {
  /** The scope, as the v2 endpoint wants it: `https://manage.office.com/.default`. */
  scope: string;
  /** The resource, as the v1 endpoint wants it: `https://manage.office.com`. */
  resource: string;
  /** The tenant of the client. */
  tenant: string;
  /** The claims that the service demands of the token, as JSON text; absent as a rule. */
  claims?: string;
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
 * Shows a user the code and the page to type it at. The sign-in goes on when it has returned; what it throws ends the
 * sign-in, and is the `cause` of the error.
 */
export type DeviceCodeFunction = (prompt: DeviceCodePrompt) => void | Promise<void>;

/** Gives the assertion that proves who a workload is. What it throws is the `cause` of an `AuthError`. */
export type AssertionFunction = () => string | Promise<string>;

/** Gives the raw signature of bytes, from where the private key is. What it throws is the `cause` of the error. */
export type SignFunction = (bytes: Buffer) => Uint8Array | Promise<Uint8Array>;

/** Opens an address in the user's browser. What it throws is the `cause` of an `AuthError`. */
export type OpenBrowserFunction = (url: string) => void | Promise<void>;

/** How each function is asked, under its name in the core: with a question that was JSON, for an answer that will be. */
const asking = {
  token: async (give: TokenFunction, request: unknown) => {
    const given = await give(request as TokenRequest);
    const answer = typeof given === 'string' ? { token: given } : given;
    const { token, expiresOn, expiresOnTimestamp }: Partial<AccessToken> = answer ?? {};
    const end = expiresOn ?? expiresOnTimestamp;
    const expires_on = end === undefined ? undefined : instant(end);
    return { token: text('token', 'a token', token), expires_on };
  },
  device_code: async (show: DeviceCodeFunction, prompt: unknown) => {
    await show(prompt as DeviceCodePrompt);
  },
  assertion: async (give: AssertionFunction) => text('assertion', 'text', await give()),
  sign: async (sign: SignFunction, message: unknown) => base64('sign', await sign(bytes(message))),
  open_browser: async (open: OpenBrowserFunction, url: unknown) => {
    await open(url as string);
  },
  load_cache: async (load: TokenStore['load']) => {
    const kept = await load();
    return kept === null || kept === undefined ? null : base64('load', kept);
  },
  save_cache: async (save: TokenStore['save'], kept: unknown) => {
    await save(bytes(kept));
  },
};

/** A place of the user's where the tokens of a cache are kept. They are in the clear: encrypt them there. */
export interface TokenStore {
  /** Gives what was saved last, or nothing. It is asked when the first token is needed, and before each change. */
  load: () => Uint8Array | null | undefined | Promise<Uint8Array | null | undefined>;
  /** Keeps these bytes in place of the ones before. */
  save: (bytes: Buffer) => void | Promise<void>;
}

type Asking = typeof asking;

/** What users call those that have another name in the core. */
const called: Record<string, string> = {
  device_code: 'display',
  open_browser: 'open',
  load_cache: 'load',
  save_cache: 'save',
};

/** @internal The functions of a user, by their names in the core. */
export type Functions = { [Name in keyof Asking]?: Parameters<Asking[Name]>[0] | undefined };

/**
 * @internal The user's functions as the native module calls them: JSON in, JSON out, never a rejection.
 *
 * It keeps what a function threw last, since only the text crosses. It must not hold the client: the native client
 * holds it, and the two would keep each other alive.
 */
export class Bridge {
  thrown: Error | undefined;
  /** Those that there are. */
  readonly names: string[];
  readonly #functions: ReadonlyMap<string, unknown>;

  constructor(functions: Functions) {
    this.#functions = new Map(Object.entries(functions).filter(([, given]) => given !== undefined));
    this.names = [...this.#functions.keys()];
    for (const [name, given] of this.#functions) {
      if (typeof given !== 'function') {
        throw refused(`${called[name] ?? name} is to be a function, and is ${kindOf(given)}`);
      }
    }
  }

  /** What asks them; nothing where there are none. */
  get ask(): Ask | undefined {
    return this.names.length > 0 ? this.#ask : undefined;
  }

  readonly #ask = async (name: string, question: string): Promise<string> => {
    try {
      const ask = asking[name as keyof Asking] as (given: unknown, question: unknown) => Promise<unknown>;
      return JSON.stringify({ answer: await ask(this.#functions.get(name), JSON.parse(question)) });
    } catch (error) {
      this.thrown = error instanceof Error ? error : new Error(String(error));
      return JSON.stringify({ error: this.thrown.message });
    }
  };
}

function bytes(base64: unknown): Buffer {
  return Buffer.from(base64 as string, 'base64');
}

function base64(name: string, given: unknown): string {
  if (!(given instanceof Uint8Array)) throw wrong(name, 'bytes', given);
  return Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('base64');
}

function text(name: string, what: string, given: unknown): string {
  if (typeof given !== 'string') throw wrong(name, what, given);
  return given;
}

function instant(given: Date | DateTime | number): string {
  const time = new Date(given);
  if (Number.isNaN(time.getTime())) throw new TypeError('the token function gave an end that is no time');
  return time.toISOString();
}

/** It says what was given, and never shows it. */
function wrong(name: string, what: string, given: unknown): TypeError {
  return new TypeError(`the ${name} function is to give ${what}, and gave ${kindOf(given)}`);
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
