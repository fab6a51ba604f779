import type { CallOptions } from '../model/call.js';
import type { Terminal } from './run-program.js';

/** A run shorter than this prints no progress. */
const quietMs = 2000;
/** Time between two lines where a line cannot be overwritten, such as in a log. */
const logEveryMs = 10_000;

/** Prints the progress of a long call on stderr: one changing line in a terminal, otherwise a line from time to time. */
export function progressOn(
  stderr: Terminal['stderr'],
  name = 'glow',
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
      const text = `${done} of ${total} images`;
      stderr.write(stderr.isTTY ? `\r${text}` : `${name}: ${text}\n`);
    },
    end() {
      if (drawn && stderr.isTTY) stderr.write('\r\u001b[K');
      drawn = false;
    },
  };
}
