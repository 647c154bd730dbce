import { resolve } from 'node:path';
import { ReadableStream } from 'node:stream/web';
import { fileURLToPath } from 'node:url';

import { stoppable } from './cancel';
import type { Saved } from './faces';
import type { NativeChunks } from './native';

/** What {@link Download.save} may be told. */
export interface SaveOptions {
  /** Whether a file that is there is replaced. Default: no, and nothing is saved then. */
  overwrite?: boolean;
}

interface Head {
  contentType: string | null;
  length: number | null;
  fileName: string;
}

/**
 * Bytes that a service sends, read as they arrive.
 *
 * `for await` gives them in pieces of at most 256 KiB, {@link Download.read} all at once, {@link Download.stream} as a
 * web stream, and {@link Download.save} puts them into a file. It holds a connection until it was read to its end: leave
 * its loop early, declare it with `await using`, or call {@link Download.close} to give that back. The signal that the
 * operation was given ends it, too.
 */
export class Download implements AsyncIterable<Buffer>, AsyncDisposable {
  /** What kind of bytes they are, such as `application/pdf`; `null` if the service does not say so. */
  readonly contentType: string | null;
  /** How many bytes there are; `null` if the service does not say so, as where it compresses them. */
  readonly length: number | null;
  /** A name for a file of it that is safe in any folder: as the service says, or made up. */
  readonly fileName: string;

  readonly #chunks: NativeChunks;
  readonly #failure: (thrown: unknown) => unknown;
  readonly #signal: AbortSignal | undefined;
  readonly #stop = () => void this.#chunks.close();
  #received = 0;

  /** @internal */
  constructor(chunks: NativeChunks, failure: (thrown: unknown) => unknown, signal?: AbortSignal) {
    const head = JSON.parse(chunks.head()) as Head;
    this.contentType = head.contentType;
    this.length = head.length;
    this.fileName = head.fileName;
    this.#chunks = chunks;
    this.#failure = failure;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#stop, { once: true });
    if (signal?.aborted) this.#stop();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
    } finally {
      await this.close();
    }
  }

  /** All of it. Begins again where it is cut, as often as the client's `attempts` allow. */
  async read(): Promise<Buffer> {
    return await this.#whole((cancel) => this.#chunks.read(cancel));
  }

  /**
   * Saves all of it as a file, or in a folder that is there, under `fileName`.
   *
   * The file gets its name when it is whole. Where the download is cut it begins again, as often as the client's
   * `attempts` allow.
   *
   * @param path The file, whose folder is made if it is not there; or a folder.
   */
  async save(path: string | URL, { overwrite = false }: SaveOptions = {}): Promise<Saved> {
    const file = typeof path === 'string' ? path : fileURLToPath(path);
    // A separator at the end says that it is a folder.
    const whole = /[\\/]$/.test(file) ? `${resolve(file)}/` : resolve(file);
    return JSON.parse(await this.#whole((cancel) => this.#chunks.save(whole, overwrite, cancel))) as Saved;
  }

  /** The same as a web stream, such as the body of a `Response`; `Readable.fromWeb` makes one of Node's of it. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const chunk = await this.#next();
          if (chunk) {
            controller.enqueue(chunk);
          } else {
            controller.close();
            await this.close();
          }
        },
        cancel: () => this.close(),
      },
      // Nothing is read before somebody wants it.
      { highWaterMark: 0 },
    );
  }

  /** Ends it, and its connection; whoever reads it then gets the error `Cancelled`. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stop);
    await this.#chunks.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #next(): Promise<Buffer | null> {
    this.#signal?.throwIfAborted();
    try {
      const chunk = await this.#chunks.next(this.#received);
      if (chunk) this.#received += 1;
      return chunk;
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw this.#failure(error);
    }
  }

  #whole<T>(take: Parameters<typeof stoppable<T>>[2]): Promise<T> {
    return stoppable(this.#signal, this.#failure, take);
  }
}
