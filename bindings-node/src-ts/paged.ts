import { type ErrorDetails, errorOf, type M365Error } from './errors';
import type { Report, Warning } from './faces';
import type { NativePage } from './native';

interface Meta {
  token?: string | null;
  errors?: ErrorDetails[];
  warnings?: Warning[];
  report?: Report | null;
}

/**
 * A listing that pages by itself: `for await` gives item after item, and {@link Paged.pages} page after page.
 *
 * Nothing is sent before the first item is asked for. Leaving the loop ends the requests in flight. Every loop starts
 * from the beginning; `token`, `errors`, `warnings` and `report` tell about the last one.
 */
export class Paged<T> implements AsyncIterable<T> {
  /** Where to go on from later: give it to the same method as `token`. `null` when there is nothing to resume. */
  token: string | null = null;
  /** In a feed: what failed so far, if failures are collected. */
  errors: M365Error[] = [];
  /** What else there is to know, such as a start that was moved to the first instant still kept. */
  warnings: Warning[] = [];
  /** In a feed: how much was read and how long it took; `null` where there is none. */
  report: Report | null = null;

  readonly #open: () => AsyncIterable<NativePage>;
  readonly #read: (page: NativePage) => T[];
  readonly #signal: AbortSignal | undefined;

  /** @internal */
  constructor(open: () => AsyncIterable<NativePage>, read: (page: NativePage) => T[], signal?: AbortSignal) {
    this.#open = open;
    this.#read = read;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) {
      for (const item of page) {
        this.#signal?.throwIfAborted();
        yield item;
      }
    }
  }

  /** The same, page by page, as the service or the feed cut them. A page can be empty. */
  async *pages(): AsyncGenerator<T[], void, undefined> {
    this.token = this.report = null;
    this.errors = [];
    this.warnings = [];
    for await (const page of this.#open()) {
      this.#note(JSON.parse(page.meta) as Meta);
      yield this.#read(page);
    }
  }

  /** Everything at once, for listings that fit into memory. */
  async toArray(): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages()) items.push(...page);
    return items;
  }

  #note({ token, errors, warnings, report }: Meta): void {
    this.token = token ?? null;
    this.errors.push(...(errors ?? []).map((error) => errorOf(error)));
    this.warnings.push(...(warnings ?? []));
    if (report) this.report = report;
  }
}
