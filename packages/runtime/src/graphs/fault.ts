import { messageOf } from '../message-of.js';

/** @throws RangeError with this fault unless `ok`. */
export function hold(ok: boolean, fault: () => string): asserts ok {
  if (!ok) throw new RangeError(fault());
}

/** Adds the place to the error of `work`, which becomes a RangeError. */
export function within<T>(place: () => string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new RangeError(`${place()}: ${messageOf(cause)}`, { cause });
  }
}
