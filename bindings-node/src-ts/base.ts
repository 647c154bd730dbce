import { encode, snakeCased } from './arguments';
import { stoppable } from './cancel';
import { Download } from './download';
import { fromNative } from './errors';
import type { Bridge } from './functions';
import { native, type NativeClient, type NativeReply, type NativeTokenCache } from './native';
import type { Report } from './faces';
import { Paged } from './paged';
import { type Reader, readItems } from './records';
import { Run, type RunOptions } from './run';

/** What every call may be told. */
export interface CallOptions {
  /** Ends the call, and its request on the wire, when aborted; the call then throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Is told how far a feed has come, with each page, before what the page holds is handed out. What it throws, or
 * rejects with, ends the feed and is thrown to whoever reads it.
 */
export type OnProgress = (report: Report) => void | Promise<void>;

/** What every feed may be told. */
export interface FeedOptions extends CallOptions {
  /** Is told how far it has come. */
  onProgress?: OnProgress;
}

/** Bytes that go with a call. Text is sent as UTF-8. */
export type Payload = Uint8Array | string;

/** @internal The native client, and how calls go through it. */
export class Scope {
  readonly #native: NativeClient;
  readonly #bridge: Bridge;

  constructor(options: Record<string, unknown>, bridge: Bridge, cache?: NativeTokenCache) {
    this.#bridge = bridge;
    try {
      this.#native = new native.NativeClient(encode(options), bridge.names, bridge.ask, cache);
    } catch (error) {
      throw this.failure(error);
    }
  }

  call(name: string, args: object, payload: Payload | undefined, signal?: AbortSignal): Promise<NativeReply> {
    return stoppable(
      signal,
      (thrown) => this.failure(thrown),
      (cancel) => this.#native.call(name, encode(snakeCased(args)), bufferOf(payload), cancel),
    );
  }

  run(name: string, args: object, options: RunOptions): Run {
    try {
      const pages = this.#native.pages(name, encode(snakeCased(args)), options.fields);
      return new Run({ pages, failure: (thrown) => this.failure(thrown) }, options);
    } catch (error) {
      throw this.failure(error);
    }
  }

  async download(name: string, args: object, signal?: AbortSignal): Promise<Download> {
    const failure = (thrown: unknown) => this.failure(thrown);
    const chunks = await stoppable(signal, failure, (cancel) =>
      this.#native.fetch(name, encode(snakeCased(args)), cancel),
    );
    return new Download(chunks, failure, signal);
  }

  close(): void {
    this.#native.close();
  }

  failure(thrown: unknown): unknown {
    return fromNative(thrown, this.#bridge.thrown);
  }
}

/** Operations that belong together. */
export abstract class Group {
  readonly #scope: Scope;

  /** @internal */
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** @internal One call: its result is JSON, or for an operation that can give bytes, those. */
  protected async call<T>(name: string, options: object): Promise<T> {
    const { signal, payload, ...args }: CallOptions & { payload?: Payload } = options;
    const reply = await this.#scope.call(name, args, payload, signal);
    return (reply.payload ?? JSON.parse(reply.json)) as T;
  }

  /** @internal Bytes, once the first of them are there. */
  protected async bytes(name: string, options: object): Promise<Download> {
    const { signal, ...args }: CallOptions = options;
    return await this.#scope.download(name, args, signal);
  }

  /** @internal Pages of items. */
  protected paged<T>(name: string, options: object, read: Reader<T> = readItems): Paged<T> {
    const { signal, ...args }: CallOptions = options;
    const open = () => this.#scope.run(name, args, { signal, fields: read.fields });
    return new Paged<T>({ open, read, signal });
  }

  /** @internal The same for a feed. */
  protected pagedFeed<T>(name: string, options: object, read: Reader<T> = readItems): Paged<T> {
    const { signal, onProgress, ...args }: FeedOptions = options;
    const open = () => this.#scope.run(name, args, { signal, ahead: true, fields: read.fields });
    return new Paged<T>({ open, read, signal, onProgress });
  }

  /** @internal A listing that has a class of its own. */
  protected listing<T>(Kind: new (scope: Scope, options: object) => T, options: object): T {
    return new Kind(this.#scope, options);
  }
}

function bufferOf(payload: Payload | undefined): Buffer | undefined {
  if (payload === undefined) return undefined;
  if (typeof payload === 'string') return Buffer.from(payload);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
