// Downloads as scenarios take them: chunk by chunk, all at once, or into a file.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { matches } from './matching.mjs';

const LONGEST = 256 * 1024;

/** What came of a download before it ended, failed or was left. */
export async function taken(download, { take, whole, overwrite }, to) {
  const came = { download, bytes: Buffer.alloc(0) };
  try {
    if (to) {
      came.saved = await download.save(to, { overwrite });
      came.bytes = readFileSync(came.saved.path);
    } else if (whole) {
      came.bytes = await download.read();
    } else {
      let count = 0;
      for await (const chunk of download) {
        assert.ok(chunk.length > 0 && chunk.length <= LONGEST, `a chunk of ${chunk.length} bytes`);
        came.bytes = Buffer.concat([came.bytes, chunk]);
        if ((count += 1) === take) break;
      }
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    came.failure = error;
  }
  return came;
}

/** Whether the bytes, and what is said of them, are what a scenario expects. */
export function judgeBytes({ download, bytes }, { startsWith = '', ...expected }) {
  assert.equal(bytes.subarray(0, startsWith.length).toString('latin1'), startsWith);
  const actual = {
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    announced: download?.length ?? null,
    contentType: download?.contentType ?? null,
    fileName: download?.fileName ?? null,
  };
  matches(actual, expected, 'bytes');
}
