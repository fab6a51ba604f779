import type { CallOptions } from '../model/call.js';
import type { RestoreOptions } from '../model/restored.js';
import type { Terminal } from './run-program.js';

/** A run shorter than this prints no progress. */
const quietMs = 2000;
/** Time between two lines where a line cannot be overwritten, such as in a log. */
const logEveryMs = 10_000;

const clearLine = '\r\u001b[K';

export interface Progress {
  readonly onProgress: NonNullable<CallOptions['onProgress']>;
  /** Tells the steps of a search, besides the images that are done. */
  readonly onStep: NonNullable<RestoreOptions['onStep']>;
  /** Removes the line. */
  end(): void;
}

/** Prints the progress of a long call on stderr: one changing line in a terminal, otherwise a line from time to time. */
export function progressOn(stderr: Terminal['stderr'], name = 'glow', now = Date.now): Progress {
  const started = now();
  let last = started;
  let drawn = '';
  let images = '';
  const draw = (...parts: string[]) => {
    const text = parts.filter((part) => part !== '').join(', ');
    const time = now();
    if (time - started < quietMs || text === '' || text === drawn) return;
    if (!stderr.isTTY && time - last < logEveryMs) return;
    last = time;
    drawn = text;
    stderr.write(stderr.isTTY ? `${clearLine}${text}` : `${name}: ${text}\n`);
  };
  return {
    onProgress({ done, total }) {
      images = total === 1 ? '' : `${done} of ${total} images`;
      draw(images);
    },
    onStep({ sample, step, steps }) {
      draw(images, sample > 0 ? `sample ${sample + 1}` : '', `step ${step} of ${steps}`);
    },
    end() {
      if (drawn && stderr.isTTY) stderr.write(clearLine);
      drawn = '';
    },
  };
}
