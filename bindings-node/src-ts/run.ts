import { stoppable } from './cancel';
import type { NativePage, NativePages } from './native';

/** How a run is read. */
export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Whether the next page may be asked for before anybody wants it. */
  ahead?: boolean;
  /** The fields of the items, in the order in which they are wanted, where items can be asked for those. */
  fields?: readonly string[] | undefined;
}

/** How a run reaches the core. */
interface Way {
  pages: NativePages;
  /** What the core threw, as what users catch. */
  failure: (thrown: unknown) => unknown;
}

/** One run of a listing in the core, from its first page to its end. */
export class Run {
  /** Whether somebody has ended it. */
  closed = false;
  /** Whether it came to its end by itself. */
  ended = false;

  readonly #way: Way;
  readonly #signal: AbortSignal | undefined;
  readonly #readsAhead: boolean;
  readonly #stop = () => void this.#way.pages.close();
  #ahead: Promise<NativePage | null> | undefined;
  #received = 0;
  #committing: Promise<unknown> = Promise.resolve();

  constructor(way: Way, { signal, ahead = false }: RunOptions) {
    this.#way = way;
    this.#signal = signal;
    this.#readsAhead = ahead;
    signal?.addEventListener('abort', this.#stop, { once: true });
  }

  /** The next page; nothing after the last, nor once the run was closed. */
  async next(): Promise<NativePage | null> {
    let page: NativePage | null = null;
    try {
      page = await (this.#ahead ?? this.#way.pages.next());
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (!this.closed) throw this.#way.failure(error);
    }
    this.#signal?.throwIfAborted();
    if (this.closed) return null;
    this.ended = page === null;
    if (!page) return null;
    this.#received += 1;
    if (this.#readsAhead) {
      this.#ahead = this.#way.pages.next();
      // Its failure is told when it is wanted.
      this.#ahead.catch(() => {});
    }
    return page;
  }

  /** Says that the pages handed out so far are safe. */
  async commit(signal?: AbortSignal): Promise<void> {
    await stoppable(signal, this.#way.failure, (cancel) => {
      const done = this.#way.pages.commit(this.#received, cancel);
      this.#committing = Promise.allSettled([this.#committing, done]);
      return done;
    });
  }

  /** Ends it; done once its requests are gone and its files are free. */
  async close(): Promise<void> {
    this.closed = true;
    this.#signal?.removeEventListener('abort', this.#stop);
    await this.#way.pages.close();
    await this.#committing;
  }
}
