import type { Column, NativePage, NativeTexts } from './native';

/** The native values of an original record: whatever JSON the service sent. */
export type Original = { readonly [field: string]: any };

/** @internal What makes the items of a page. */
export interface Reader<T> {
  (page: NativePage): T[];
  /** The fields that pages are to bring as columns; without it, they bring the items as JSON. */
  readonly fields?: readonly string[];
}

/**
 * A record that knows the text it was read from.
 *
 * `raw` and `data` are read on demand: they are not copied by `{ ...record }` or `structuredClone`, and
 * `JSON.stringify(record)` writes the fields of the record without them.
 */
class RecordWithRaw {
  #texts: NativeTexts | undefined;
  readonly #row: number;
  #raw: string | undefined;
  #data: Original | undefined;

  constructor(texts: NativeTexts | undefined, row: number) {
    this.#texts = texts;
    this.#row = row;
  }

  get raw(): string {
    if (this.#texts) {
      this.#raw = this.#texts.at(this.#row);
      this.#texts = undefined;
    }
    return this.#raw ?? '';
  }

  get data(): Original {
    return (this.#data ??= JSON.parse(this.raw) as Original);
  }
}

/** @internal The items of a page. */
export function readItems<T>(page: NativePage): T[] {
  return JSON.parse(page.items) as T[];
}

/** @internal Items of which a member is bytes: a view on those of the page. */
export function readItemsWithBytes<T>(member: string): Reader<T> {
  return ({ items, payload = Buffer.alloc(0) }) =>
    (JSON.parse(items) as Record<string, unknown>[]).map((item) => {
      const [start, length] = item[member] as [start: number, length: number];
      item[member] = payload.subarray(start, start + length);
      return item as T;
    });
}

/**
 * @internal Records with their texts, from columns: what comes again and again in a page is one string then, and no
 * text of a record is made before somebody wants it.
 */
export function readRecords<T>(fields: readonly string[]): Reader<T> {
  return Object.assign(
    (page: NativePage): T[] => {
      const columns = JSON.parse(page.items) as Column[];
      const count = Number(columns.pop());
      const present = fields.map((name, at) => ({ name, values: valuesOf(columns[at] ?? [], count) }));
      const used = present.filter(({ values }) => values.length > 0);
      return Array.from({ length: count }, (_, row) => {
        const record = new RecordWithRaw(page.texts, row) as unknown as Record<string, unknown>;
        for (const { name, values } of used) {
          const value = values[row];
          if (value !== null) record[name] = value;
        }
        return record as T;
      });
    },
    { fields },
  );
}

function valuesOf(column: Column, count: number): readonly unknown[] {
  if (Array.isArray(column)) return column;
  const { of, at } = column;
  return of.length === 1 ? Array<unknown>(count).fill(of[0]) : at.map((place) => of[place]);
}
