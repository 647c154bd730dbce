import type { ColumnBatch } from './faces';
import { Paged, type Reading } from './paged';
import { readItemsWithBytes } from './records';

/** What an Arrow IPC stream ends with. */
const END = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** What the length of a message stands behind. */
const MARK = 4;

/**
 * Batches of columns, each an Arrow IPC stream of its own, which `tableFromIPC(batch.ipc)` of `apache-arrow` reads.
 *
 * @example
 * ```ts
 * import { tableFromIPC } from 'apache-arrow';
 *
 * for await (const { ipc } of client.audit.records({ last: '24h' }).batches()) {
 *   for (const row of tableFromIPC(ipc)) console.log(row.creation_time, row.operation);
 * }
 * ```
 */
export class Batches extends Paged<ColumnBatch> {
  /** @internal */
  constructor(reading: Omit<Reading<ColumnBatch>, 'read'>) {
    super({ ...reading, read: readItemsWithBytes('ipc') });
  }

  /**
   * The bytes of all batches as one Arrow IPC stream: `await tableFromIPC(batches.arrow())` is the whole table, and
   * `RecordBatchReader.from(batches.arrow())` reads it batch by batch. A feed without records gives no bytes.
   */
  async *arrow(): AsyncGenerator<Uint8Array, void, undefined> {
    let begun = false;
    for await (const { ipc } of this) {
      // The schema stands first, alone in its message, and is the same in all.
      const start = begun ? 2 * MARK + ipc.readInt32LE(MARK) : 0;
      begun = true;
      const end = ipc.subarray(-END.length).equals(END) ? ipc.length - END.length : ipc.length;
      yield ipc.subarray(start, end);
    }
    if (begun) yield END;
  }
}
