import type { CallOptions } from '../model/call.js';
import type { Terminal } from './run-program.js';

/** Short runs say nothing. */
const quietMs = 2000;
/** Between lines where they cannot be written over, such as in a log. */
const logEveryMs = 10_000;

/** Tells on stderr how far a long call is: one line that changes in a terminal, else a line now and then. */
export function progressOn(
  stderr: Terminal['stderr'],
  now = Date.now,
): { onProgress: NonNullable<CallOptions['onProgress']>; end(): void } {
  const started = now();
  let last = started;
  let drawn = false;
  return {
    onProgress({ done, total }) {
      const time = now();
      if (time - started < quietMs || total === 1) return;
      if (!stderr.isTTY && time - last < logEveryMs) return;
      last = time;
      drawn = true;
      const text = `${done} of ${total} pictures`;
      stderr.write(stderr.isTTY ? `\r${text}` : `glow: ${text}\n`);
    },
    end() {
      if (drawn && stderr.isTTY) stderr.write('\r\u001b[K');
      drawn = false;
    },
  };
}
