import type { CallOptions, FeedOptions, Scope } from './base';
import { errorOf } from './errors';
import { type Habits, Listing } from './listing';
import type { Reader } from './records';
import type { Run } from './run';

/** To ask for a page is to say that the one before is safe; and without an end, not all errors can be kept. */
const PATIENT: Habits = { ahead: false, kept: 1_000 };

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
export class Following<T> extends Listing<T> {
  /** Whether the last pages can be committed after the end. */
  readonly #manual: boolean;
  #run: Run | undefined;

  /** @internal */
  constructor(scope: Scope, name: string, options: FeedOptions & { commit?: string }, read: Reader<T>) {
    super(scope, name, options, read, PATIENT);
    this.#manual = options.commit === 'manual';
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

  /** @internal */
  protected override async end(run: Run): Promise<void> {
    if (this.#manual && run.ended && !run.closed) return;
    await super.end(run);
  }

  /** @internal A run that is over but for its last commit gives the state up first. */
  protected override async open(): Promise<Run> {
    if (this.#run?.ended) await super.end(this.#run);
    return (this.#run = this.start());
  }
}

function refused(message: string): Error {
  return errorOf({ kind: 'InvalidRequest', message: `commit: ${message}` });
}
