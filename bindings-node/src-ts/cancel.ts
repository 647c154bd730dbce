import { native, type NativeCancel } from './native';

/**
 * A native call that an `AbortSignal` ends, and with it its request on the wire. It throws the signal's reason then,
 * and otherwise what `failure` makes of what the core threw.
 */
export async function stoppable<T>(
  signal: AbortSignal | undefined,
  failure: (thrown: unknown) => unknown,
  call: (cancel: NativeCancel | undefined) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const cancel = signal && new native.Cancel();
  const stop = () => cancel?.cancel();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await call(cancel);
  } catch (error) {
    signal?.throwIfAborted();
    throw failure(error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
