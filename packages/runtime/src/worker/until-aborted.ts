import { onAbort } from './on-abort.js';

/** The result, or a rejection with `signal.reason` as soon as the signal is aborted. */
export async function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else forget = onAbort(signal, stop);
  });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    forget();
  }
}
