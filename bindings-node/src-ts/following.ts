import { snakeCased } from './arguments';
import type { CallOptions, Scope } from './base';
import { errorOf } from './errors';
import type { NativePage } from './native';
import { Paged } from './paged';
import { readItems, readItemsWithRaw } from './records';
import type { Run } from './run';

/** How many errors, and how many warnings, a listing without an end keeps. */
const KEPT = 1_000;

/**
 * A listing that keeps its position in a state, and goes on from there the next time.
 *
 * It is read like any other: `for await` gives item after item, {@link Paged.pages} batch after batch. Asking for the
 * next batch says that the one before is safe; with `commit: 'manual'` only {@link Following.commit} does. What was not
 * said to be safe comes again the next time.
 *
 * It has no end of its own: leave the loop, call {@link Paged.close}, abort the signal, or hold it with `await using`.
 * Each ends its requests and releases the state, so that another can use it. `errors` and `warnings` hold the newest
 * 1,000; those of a page are complete.
 */
export class Following<T> extends Paged<T> {
  readonly #scope: Scope;
  readonly #name: string;
  readonly #args: object;
  readonly #signal: AbortSignal | undefined;
  /** Whether the last pages can be committed after the end. */
  readonly #manual: boolean;
  #run: Run | undefined;

  /** @internal */
  constructor(
    scope: Scope,
    name: string,
    options: CallOptions & { commit?: string },
    read: (page: NativePage) => T[],
  ) {
    const { signal, ...args } = options;
    super(() => this.#open(), read, signal, KEPT);
    this.#scope = scope;
    this.#name = name;
    this.#args = args;
    this.#signal = signal;
    this.#manual = args.commit === 'manual';
  }

  /**
   * Says that everything handed out so far is safe, and remembers it for good before it resolves. It counts by pages:
   * use it in a loop over {@link Paged.pages}, or at the last item of a page. Can be called while the next page is
   * waited for, and after an end that the listing came to by itself, which holds the state until then.
   */
  async commit(options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const run = this.#run;
    if (!run) throw refused('nothing was handed out yet, so there is nothing to commit');
    if (run.closed) throw refused('it was ended: what was not committed before comes again the next time');
    if (this.left > 0) {
      throw refused(
        `${this.left} records of the present page are not handed out yet: loop over pages() to commit`,
      );
    }
    await run.commit(options.signal);
    if (run.ended) await super.end(run);
  }

  /** Ends it, its requests too, and releases the state. A loop that waits ends as if there were nothing more. */
  override async close(): Promise<void> {
    await super.close();
    if (this.#run) await super.end(this.#run);
  }

  /** @internal Pages of what can be done with the listing: it takes the arguments of this one, and its place. */
  protected paged<U>(name: string, options: object): Paged<U> {
    return this.#below(name, options, readItems<U>);
  }

  /** @internal The same for records that keep their original text. */
  protected pagedWithRaw<U>(name: string, options: object): Paged<U> {
    return this.#below(name, options, readItemsWithRaw<U>);
  }

  /** @internal */
  protected override async end(run: Run): Promise<void> {
    if (this.#manual && run.ended && !run.closed) return;
    await super.end(run);
  }

  /** A run that is over but for its last commit gives the state up first. */
  async #open(): Promise<Run> {
    if (this.#run?.ended) await super.end(this.#run);
    return (this.#run = this.#scope.run(this.#name, this.#args, this.#signal));
  }

  #below<U>(name: string, options: CallOptions, read: (page: NativePage) => U[]): Paged<U> {
    const { signal: own, ...rest } = options;
    const signals = [this.#signal, own].filter((signal) => signal !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const place = this.#name.slice(this.#name.lastIndexOf('.') + 1);
    const args = { ...rest, [place]: snakeCased(this.#args) };
    return new Paged<U>(() => this.#scope.run(name, args, signal), read, signal, KEPT);
  }
}

function refused(message: string): Error {
  return errorOf({ kind: 'InvalidRequest', message: `commit: ${message}` });
}
