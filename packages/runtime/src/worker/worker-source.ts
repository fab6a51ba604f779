import { checkInteger } from '../check.js';
import { isUrl } from '../folder/model-source.js';
import type { Platform } from '../platform.js';
import type { WorkerChoice, WorkerLike } from './port.js';

/** Where the workers of a model come from. */
export interface WorkerSource {
  readonly count: number;
  /** Whether `start` can replace a worker. A Worker of the caller can be used once only. */
  readonly replaces: boolean;
  start(): WorkerLike;
}

/** @throws TypeError or RangeError if the choice is not a `WorkerChoice`. */
export function workerSource(
  { startWorker }: Pick<Platform, 'startWorker'>,
  choice: Exclude<WorkerChoice, false>,
): WorkerSource {
  if (isWorker(choice)) return { count: 1, replaces: false, start: () => choice };
  const { script, count } = scriptOf(choice);
  checkInteger('loadGlow', 'worker', count, 1);
  return { count, replaces: true, start: () => startWorker(script) };
}

function scriptOf(choice: Exclude<WorkerChoice, WorkerLike>): { script?: string | URL; count: number } {
  if (typeof choice === 'boolean') return { count: 1 };
  if (typeof choice === 'number') return { count: choice };
  if (typeof choice === 'string' || isUrl(choice)) return { script: choice, count: 1 };
  const { script, count = 1 } = choice ?? {};
  if (typeof script === 'string' || isUrl(script)) return { script, count };
  throw new TypeError(
    'loadGlow: worker: expected true, a number of workers, the path or address of a script, ' +
      `{ script, count } or a Worker, got ${choice === null ? 'null' : typeof choice}`,
  );
}

function isWorker(choice: WorkerChoice): choice is WorkerLike {
  return typeof choice === 'object' && choice !== null && 'postMessage' in choice;
}
