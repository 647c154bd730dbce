import { refused } from './errors';

/** An instant as text: RFC 3339 in UTC, as the service wrote it. `new Date(text)` keeps its milliseconds. */
export type DateTime = string;

/** A length of time: seconds, or text such as `'24h'`, `'7d'`, `'90m'`. */
export type Duration = number | string;

/** @internal How what is given to a constructor crosses; not a name, so that no printing finds it. */
export const crossing: unique symbol = Symbol('m365kit.crossing');

/** @internal `contentTypes` as the core spells it: `content_types`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** @internal The members of an options object under the core's names. What is `undefined` was not said. */
export function snakeCased(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value]));
}

/**
 * @internal Arguments as JSON.
 *
 * `JSON.stringify` turns what it cannot say into `null`, which would reach the core as "clear it".
 */
export function encode(args: unknown): string {
  return JSON.stringify(args, function (this: Record<string, unknown>, name: string, value: unknown) {
    const given = this[name];
    if (given instanceof Date && Number.isNaN(given.getTime())) throw refused(`${name} is an invalid Date`);
    if (typeof given === 'number' && !Number.isFinite(given)) throw refused(`${name} is ${given}`);
    if (typeof given === 'bigint') return Number(given);
    return value;
  });
}
