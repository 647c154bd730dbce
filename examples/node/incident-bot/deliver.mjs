// How a post gets to its address.

import { setTimeout as pause } from 'node:timers/promises';

const ATTEMPTS = 6;
const PATIENCE = 10_000;
/** What may be better the next time. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Posts something as JSON until it is taken; throws where that will not get better by itself. */
export async function deliver(address, what) {
  for (let attempt = 1; ; attempt++) {
    const outcome = await post(address, what);
    if (outcome.taken) return;
    if (!outcome.passes || attempt === ATTEMPTS) throw new Error(`not delivered: ${outcome.why}`);
    const wait = outcome.wait ?? 500 * 2 ** (attempt - 1);
    console.error(`${outcome.why}; again in ${wait / 1000} s`);
    await pause(wait);
  }
}

async function post(address, what) {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(what),
      signal: AbortSignal.timeout(PATIENCE),
    });
    await response.body?.cancel();
    const { ok, status, headers } = response;
    // A number of seconds; a date, which it may be too, is treated as nothing.
    const seconds = Number.parseFloat(headers.get('Retry-After') ?? '');
    const wait = seconds >= 0 && seconds <= 300 ? seconds * 1000 : undefined;
    return { taken: ok, passes: PASSING.has(status), why: `the webhook answered ${status}`, wait };
  } catch (error) {
    // Of fetch itself: no connection, no answer in time.
    return {
      taken: false,
      passes: true,
      why: `the webhook was not reached (${error.cause?.code ?? error.name})`,
    };
  }
}
