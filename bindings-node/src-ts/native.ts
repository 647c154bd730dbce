import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Stops the calls it is given to. */
export interface NativeCancel {
  cancel(): void;
}

/** What a call gives back: the result as JSON, and the bytes beside it. */
export interface NativeReply {
  json: string;
  payload?: Buffer;
}

/** The texts that the items of a page came as. */
export interface NativeTexts {
  at(item: number): string;
}

/** A page: its items and an object about it, both JSON, and the bytes that items point into. */
export interface NativePage {
  /** An array of items; of a run that was asked for fields, an array of {@link Column}s. */
  items: string;
  payload?: Buffer;
  /** Of items that came as columns. */
  texts?: NativeTexts;
  meta: string;
}

/**
 * A field of all items of a page: its values, `null` where an item has none; nothing if no item has any. Where values
 * come again and again, the different ones, and which of them each item has; nothing if all have the one.
 */
export type Column = unknown[] | { of: unknown[]; at: number[] };

/** The pages of one run. */
export interface NativePages {
  next(): Promise<NativePage | null>;
  commit(pages: number, cancel: NativeCancel | undefined): Promise<void>;
  close(): Promise<void>;
}

/** The bytes of one download. */
export interface NativeChunks {
  /** `contentType`, `length` and `fileName`, as JSON. */
  head(): string;
  next(received: number): Promise<Buffer | null>;
  read(cancel: NativeCancel | undefined): Promise<Buffer>;
  save(path: string, overwrite: boolean, cancel: NativeCancel | undefined): Promise<string>;
  close(): Promise<void>;
}

/** A client of the core. */
export interface NativeClient {
  call(
    name: string,
    args: string,
    payload: Buffer | undefined,
    cancel: NativeCancel | undefined,
  ): Promise<NativeReply>;
  /** Pages of items; with `fields`, of {@link Column}s of those, and behind them how many items there are. */
  pages(name: string, args: string, fields: readonly string[] | undefined): NativePages;
  fetch(name: string, args: string, cancel: NativeCancel | undefined): Promise<NativeChunks>;
  close(): void;
}

/** Calls functions of the user by their names; question and answer are JSON. */
export type Ask = (name: string, question: string) => Promise<string>;

/** A token cache of the core. */
export interface NativeTokenCache {
  export(): Buffer;
  import(bytes: Buffer): void;
}

/** A running sandbox. */
export interface NativeSandbox {
  describe(): string;
  control(name: string, args: string): Promise<string>;
  close(): void;
}

/** What the native module exports. Its errors carry their details as JSON in the message. */
export interface Native {
  Cancel: new () => NativeCancel;
  /** `names` are those of the functions that there are to ask. */
  NativeClient: new (
    options: string,
    names: string[],
    ask: Ask | undefined,
    cache: NativeTokenCache | undefined,
  ) => NativeClient;
  NativeTokenCache: new (place: string, names: string[], ask: Ask | undefined) => NativeTokenCache;
  NativeSandbox: new (config: string) => NativeSandbox;
  beginSignIn(args: string): string;
  finishSignIn(args: string): string;
  browserSignIn(
    args: string,
    names: string[],
    ask: Ask | undefined,
    cancel: NativeCancel | undefined,
  ): Promise<string>;
  startSandbox(config: string): Promise<NativeSandbox>;
  forwardLogs(level: string, sink?: (events: string) => void): void;
}

/**
 * The names a build for this machine may have. Linux has two, since neither the C library of the system nor that of
 * Node is cheap to learn; the wrong one does not load.
 */
function builds(): string[] {
  const machine = `${process.platform}-${process.arch}`;
  if (process.platform === 'linux') return [`${machine}-gnu`, `${machine}-musl`];
  return process.platform === 'win32' ? [`${machine}-msvc`] : [machine];
}

function load(): Native {
  const refusals: string[] = [];
  for (const build of builds()) {
    const bundled = join(__dirname, '..', 'native', `m365kit.${build}.node`);
    for (const module of existsSync(bundled) ? [bundled] : [`m365kit-${build}`]) {
      try {
        return require(module) as Native;
      } catch (error) {
        refusals.push(`${module}: ${(error as Error).message.split('\n')[0]}`);
      }
    }
  }
  throw new Error(
    `m365kit has no native module for ${process.platform}-${process.arch} here. ` +
      `If npm left out optional dependencies, install again without --omit=optional. Tried:\n  ${refusals.join('\n  ')}`,
  );
}

export const native: Native = load();
