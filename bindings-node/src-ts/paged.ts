import { type ErrorDetails, errorOf, type M365Error } from './errors';
import type { Report, Warning } from './faces';
import type { NativePage } from './native';
import type { Run } from './run';

interface Meta {
  token?: string | null;
  errors?: ErrorDetails[];
  warnings?: Warning[];
  report?: Report | null;
}

/** A page of a listing: an array of its items that also knows what came with them. */
export interface Page<T> extends Array<T> {
  /** Where to go on after this page; `null` where there is nothing to resume. */
  readonly token: string | null;
  /** In a feed: what failed since the page before, if failures are collected. */
  readonly errors: M365Error[];
  /** What else there is to know since the page before. */
  readonly warnings: Warning[];
  /** In a feed: how much was read up to this page; `null` where there is none. */
  readonly report: Report | null;
}

/**
 * A listing that pages by itself: `for await` gives item after item, and {@link Paged.pages} page after page.
 *
 * Nothing is sent before the first item is asked for. Leaving the loop ends the requests in flight. Every loop starts
 * from the beginning; `token`, `errors`, `warnings` and `report` tell about the last one.
 */
export class Paged<T> implements AsyncIterable<T>, AsyncDisposable {
  /** Where to go on from later: give it to the same method as `token`. `null` when there is nothing to resume. */
  token: string | null = null;
  /** In a feed: what failed so far, if failures are collected. */
  errors: M365Error[] = [];
  /** What else there is to know, such as a start that was moved to the first instant still kept. */
  warnings: Warning[] = [];
  /** In a feed: how much was read and how long it took; `null` where there is none. */
  report: Report | null = null;

  /** @internal How many items of the present page a loop over items has not handed out. */
  protected left = 0;

  readonly #open: () => Run | Promise<Run>;
  readonly #read: (page: NativePage) => T[];
  readonly #signal: AbortSignal | undefined;
  readonly #kept: number;
  readonly #runs = new Set<Run>();

  /** @internal `kept` is how many errors, and how many warnings, there is room for; the newest stay. */
  constructor(
    open: () => Run | Promise<Run>,
    read: (page: NativePage) => T[],
    signal?: AbortSignal,
    kept = Infinity,
  ) {
    this.#open = open;
    this.#read = read;
    this.#signal = signal;
    this.#kept = kept;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const run = await this.#begin();
    for await (const page of this.#pagesOf(run)) {
      this.left = page.length;
      for (const item of page) {
        this.#signal?.throwIfAborted();
        if (run.closed) return;
        this.left -= 1;
        yield item;
      }
    }
  }

  /** The same, page by page, as the service or the feed cut them. A page can be empty. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    yield* this.#pagesOf(await this.#begin());
  }

  /** Everything at once, for listings that fit into memory. */
  async toArray(): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages()) items.push(...page);
    return items;
  }

  /** Ends the loops that are under way, and their requests. They end as if there were nothing more. */
  async close(): Promise<void> {
    await Promise.all([...this.#runs].map((run) => this.end(run)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal What a run does when its loop is over. */
  protected async end(run: Run): Promise<void> {
    this.#runs.delete(run);
    await run.close();
  }

  #note(page: Page<T>): void {
    this.token = page.token;
    this.errors.push(...page.errors);
    this.warnings.push(...page.warnings);
    this.report = page.report ?? this.report;
    for (const list of [this.errors, this.warnings]) {
      if (list.length > this.#kept) list.splice(0, list.length - this.#kept);
    }
  }

  async #begin(): Promise<Run> {
    this.#signal?.throwIfAborted();
    this.token = this.report = null;
    this.errors = [];
    this.warnings = [];
    this.left = 0;
    const run = await this.#open();
    this.#runs.add(run);
    return run;
  }

  async *#pagesOf(run: Run): AsyncGenerator<Page<T>, void, undefined> {
    try {
      for (let page = await run.next(); page; page = await run.next()) {
        const read = pageOf(this.#read(page), JSON.parse(page.meta) as Meta);
        this.#note(read);
        yield read;
      }
    } finally {
      await this.end(run);
    }
  }
}

/** What came with the items stands on their array, where neither printing nor comparing finds it. */
function pageOf<T>(items: T[], { token, errors, warnings, report }: Meta): Page<T> {
  const about = {
    token: token ?? null,
    errors: (errors ?? []).map((error) => errorOf(error)),
    warnings: warnings ?? [],
    report: report ?? null,
  };
  for (const [name, value] of Object.entries(about)) Object.defineProperty(items, name, { value });
  return items as Page<T>;
}
