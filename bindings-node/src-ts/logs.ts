import { fromNative } from './errors';
import { native } from './native';

/** How important an event is. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Something the package tells about its work. Events hold no token and no secret. */
export interface LogEvent {
  /** How important it is. */
  level: LogLevel;
  /** Which part speaks: `m365kit::http`, `m365kit::audit`, ... */
  target: string;
  /** What happened. */
  message: string;
  /** The values that belong to it, as text. */
  fields: Record<string, string>;
}

/**
 * Hands what the package logs to a function, in place of the one given before; `null` ends it. A process has one such
 * function, worker threads included. Nothing is printed without it.
 *
 * At most 1,024 events wait for the function; more are dropped. It does not keep Node running.
 *
 * @param listener Is given one event at a time.
 * @param level The least important level wanted; `'info'` by default.
 */
export function onLog(listener: ((event: LogEvent) => void) | null, level: LogLevel = 'info'): void {
  const sink = (batch: string) => {
    for (const { level, ...event } of JSON.parse(batch) as (LogEvent & { level: string })[]) {
      listener?.({ level: level.toLowerCase() as LogLevel, ...event });
    }
  };
  try {
    native.forwardLogs(level, listener ? sink : undefined);
  } catch (error) {
    throw fromNative(error);
  }
}
