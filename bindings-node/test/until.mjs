// Waits for what comes about by itself.

import { setTimeout as sleep } from 'node:timers/promises';

/** Returns when the condition holds, or after five seconds: what must hold is for the test to say. */
export async function until(condition) {
  for (let tries = 0; tries < 500 && !(await condition()); tries += 1) await sleep(10);
}
