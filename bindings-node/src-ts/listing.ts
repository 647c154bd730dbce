import { snakeCased } from './arguments';
import type { FeedOptions, Scope } from './base';
import { Batches } from './batches';
import { Paged, type Reading } from './paged';
import { type Reader, readItems } from './records';
import type { Run } from './run';

/** @internal How a listing and what hangs below it are read. */
export interface Habits {
  /** Whether the next page may be asked for before anybody wants it. */
  ahead: boolean;
  /** How many errors, and how many warnings, are kept. */
  kept?: number;
}

const EAGER: Habits = { ahead: true };

/**
 * A listing that can be read in other ways than item by item. Each reads it from the beginning, and ends with the
 * listing's `signal` too.
 */
export class Listing<T> extends Paged<T> {
  readonly #scope: Scope;
  readonly #name: string;
  readonly #args: object;
  readonly #options: FeedOptions;
  readonly #read: Reader<T>;
  readonly #habits: Habits;

  /** @internal */
  constructor(scope: Scope, name: string, options: FeedOptions, read: Reader<T>, habits = EAGER) {
    const { signal, onProgress, ...args } = options;
    super({ open: () => this.open(), read, signal, onProgress, kept: habits.kept });
    this.#scope = scope;
    this.#name = name;
    this.#args = args;
    this.#options = { signal, onProgress };
    this.#read = read;
    this.#habits = habits;
  }

  /** @internal Begins to read it. */
  protected open(): Run | Promise<Run> {
    return this.start();
  }

  /** @internal A run of it. */
  protected start(): Run {
    const { signal } = this.#options;
    const { ahead } = this.#habits;
    return this.#scope.run(this.#name, this.#args, { signal, ahead, fields: this.#read.fields });
  }

  /** @internal Pages of what the listing can be read as: it takes the arguments of this one, and its place. */
  protected pagedFeed<U>(name: string, options: object, read: Reader<U> = readItems): Paged<U> {
    return new Paged<U>({ ...this.#reading(name, options, read.fields), read });
  }

  /** @internal Batches of columns. */
  protected columns(name: string, options: object): Batches {
    return new Batches(this.#reading(name, options));
  }

  /** @internal What is read to its end, and gives one result. What it meets on the way stands on the listing. */
  protected async run<U>(name: string, options: object): Promise<U> {
    const pages = new Paged<U>({ ...this.#reading(name, options), read: readItems });
    const results: U[] = [];
    try {
      for await (const page of pages.pages()) {
        results.push(...page);
        this.report = pages.report;
      }
    } finally {
      this.token = null;
      this.report = pages.report;
      this.errors = pages.errors;
      this.warnings = pages.warnings;
    }
    return results.at(-1) as U;
  }

  #reading(name: string, options: object, fields?: readonly string[]): Omit<Reading<never>, 'read'> {
    const { signal: own, onProgress = this.#options.onProgress, ...rest }: FeedOptions = options;
    const signals = [this.#options.signal, own].filter((signal) => signal !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const place = this.#name.slice(this.#name.lastIndexOf('.') + 1);
    const args = { ...rest, [place]: snakeCased(this.#args) };
    const { ahead, kept } = this.#habits;
    return { open: () => this.#scope.run(name, args, { signal, ahead, fields }), signal, onProgress, kept };
  }
}
