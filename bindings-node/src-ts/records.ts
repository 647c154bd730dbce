import type { NativePage } from './native';

/** The native values of an original record: whatever JSON the service sent. */
export type Original = { readonly [field: string]: any };

/**
 * A record that knows the text it was read from.
 *
 * `raw` and `data` are read on demand: they are not copied by `{ ...record }` or `structuredClone`, and
 * `JSON.stringify(record)` writes the fields of the record without them.
 */
class RecordWithRaw {
  readonly #raw: string;
  #data: Original | undefined;

  constructor(fields: object, raw: string) {
    Object.assign(this, fields);
    this.#raw = raw;
  }

  get raw(): string {
    return this.#raw;
  }

  get data(): Original {
    return (this.#data ??= JSON.parse(this.#raw) as Original);
  }
}

/** The items of a page. */
export function readItems<T>(page: NativePage): T[] {
  return JSON.parse(page.items) as T[];
}

/** The items of a page, each with its own copy of its text, so that no record keeps its whole page alive. */
export function readItemsWithRaw<T>(page: NativePage): T[] {
  const items = JSON.parse(page.items) as { raw?: [start: number, length: number] }[];
  return items.map(({ raw = [0, 0], ...fields }) => {
    const [start, length] = raw;
    return new RecordWithRaw(fields, page.payload?.toString('utf8', start, start + length) ?? '') as T;
  });
}
