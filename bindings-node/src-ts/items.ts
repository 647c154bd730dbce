import type { Page } from './paged';

/** What a loop over items looks at before each. */
export interface Watch {
  /** Whether items may still be handed out. */
  isOpen(): boolean;
  /** Throws why not, if the caller is to know. */
  check(): void;
}

/**
 * Hands out the items of pages one by one.
 *
 * Those of the page in hand come at once: an asynchronous generator would wait three times for each.
 */
export class Items<T> implements AsyncIterableIterator<T, void, undefined> {
  readonly #pages: AsyncGenerator<Page<T>, void, undefined>;
  readonly #watch: Watch;
  #page: readonly T[] = [];
  #at = 0;
  /** The newest call that waits for a page; those after it wait for their turn. */
  #turn: Promise<IteratorResult<T, void>> | undefined;

  constructor(pages: AsyncGenerator<Page<T>, void, undefined>, watch: Watch) {
    this.#pages = pages;
    this.#watch = watch;
  }

  /** How many items of the present page were not handed out. */
  get left(): number {
    return this.#page.length - this.#at;
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#turn === undefined && this.#at < this.#page.length && this.#watch.isOpen()) {
      return Promise.resolve({ value: this.#page[this.#at++] as T, done: false });
    }
    const advance = () => this.#advance();
    const turn = this.#turn ? this.#turn.then(advance, advance) : advance();
    const done = () => {
      if (this.#turn === turn) this.#turn = undefined;
    };
    this.#turn = turn;
    turn.then(done, done);
    return turn;
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.#page = [];
    this.#at = 0;
    await this.#pages.return();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #advance(): Promise<IteratorResult<T, void>> {
    while (this.#at >= this.#page.length) {
      const { value, done } = await this.#pages.next();
      if (done) return this.return();
      this.#page = value;
      this.#at = 0;
    }
    if (!this.#watch.isOpen()) {
      const end = await this.return();
      this.#watch.check();
      return end;
    }
    return { value: this.#page[this.#at++] as T, done: false };
  }
}
