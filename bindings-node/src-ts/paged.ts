import type { OnProgress } from './base';
import { type ErrorDetails, errorOf, type M365Error } from './errors';
import type { Report, Warning } from './faces';
import { Items } from './items';
import type { Reader } from './records';
import type { Run } from './run';

interface Meta {
  token?: string | null;
  count?: number | null;
  errors?: ErrorDetails[];
  warnings?: Warning[];
  report?: Report | null;
}

/** @internal How a listing is read. */
export interface Reading<T> {
  open: () => Run | Promise<Run>;
  read: Reader<T>;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  /** How many errors, and how many warnings, there is room for; the newest stay. All if not said. */
  kept?: number | undefined;
}

/** A page of a listing: an array of its items that also knows what came with them. */
export interface Page<T> extends Array<T> {
  /** Where to go on after this page; `null` where there is nothing to resume. */
  readonly token: string | null;
  /** How many items there are on all pages; `null` unless the service was asked for that. */
  readonly total: number | null;
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
 * from the beginning; `token`, `count`, `errors`, `warnings` and `report` tell about the last one.
 */
export class Paged<T> implements AsyncIterable<T>, AsyncDisposable {
  /** Where to go on from later: give it to the same method as `token`. `null` when there is nothing to resume. */
  token: string | null = null;
  /** How many items there are in all; `null` unless the service was asked for that and has said so. */
  count: number | null = null;
  /** In a feed: what failed so far, if failures are collected. */
  errors: M365Error[] = [];
  /** What else there is to know, such as a start that was moved to the first instant still kept. */
  warnings: Warning[] = [];
  /** In a feed: how much was read and how long it took; `null` where there is none. */
  report: Report | null = null;

  readonly #reading: Reading<T>;
  readonly #runs = new Set<Run>();
  #items: Items<T> | undefined;

  /** @internal */
  constructor(reading: Reading<T>) {
    this.#reading = reading;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, void, undefined> {
    const { signal } = this.#reading;
    let run: Run | undefined;
    const pages = this.#pagesOf(async () => (run = await this.#begin()));
    const items = new Items(pages, {
      isOpen: () => !run?.closed && !signal?.aborted,
      check: () => signal?.throwIfAborted(),
    });
    this.#items = items;
    return items;
  }

  /** The same, page by page, as the service or the feed cut them. A page can be empty. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    this.#items = undefined;
    yield* this.#pagesOf(() => this.#begin());
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

  /** @internal How many items of the present page a loop over items has not handed out. */
  protected get left(): number {
    return this.#items?.left ?? 0;
  }

  /** @internal What a run does when its loop is over. */
  protected async end(run: Run): Promise<void> {
    this.#runs.delete(run);
    await run.close();
  }

  #note(page: Page<T>): void {
    this.token = page.token;
    this.count = page.total ?? this.count;
    this.errors.push(...page.errors);
    this.warnings.push(...page.warnings);
    this.report = page.report ?? this.report;
    const { kept = Infinity } = this.#reading;
    for (const list of [this.errors, this.warnings]) {
      if (list.length > kept) list.splice(0, list.length - kept);
    }
  }

  async #begin(): Promise<Run> {
    this.#reading.signal?.throwIfAborted();
    this.token = this.count = this.report = null;
    this.errors = [];
    this.warnings = [];
    const run = await this.#reading.open();
    this.#runs.add(run);
    return run;
  }

  async *#pagesOf(begin: () => Promise<Run>): AsyncGenerator<Page<T>, void, undefined> {
    const { read, onProgress } = this.#reading;
    const run = await begin();
    try {
      for (let next = await run.next(); next; next = await run.next()) {
        const page = pageOf(read(next), JSON.parse(next.meta) as Meta);
        this.#note(page);
        if (page.report) await onProgress?.(page.report);
        yield page;
      }
    } finally {
      await this.end(run);
    }
  }
}

/** What came with the items stands on their array, where neither printing nor comparing finds it. */
function pageOf<T>(items: T[], { token, count, errors, warnings, report }: Meta): Page<T> {
  const about = {
    token: token ?? null,
    total: count ?? null,
    errors: (errors ?? []).map((error) => errorOf(error)),
    warnings: warnings ?? [],
    report: report ?? null,
  };
  for (const [name, value] of Object.entries(about)) Object.defineProperty(items, name, { value });
  return items as Page<T>;
}
