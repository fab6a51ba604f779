import { checkValue, integerFrom } from '@glow-onnx/flow/manifest';
import { isUrl } from '../folder/stores/address.js';
import type { Platform } from '../platform.js';
import type { WorkerChoice, WorkerLike } from './port.js';
import type { Portability } from './portability.js';

/** Where the workers of a model come from. */
export interface WorkerSource {
  readonly count: number;
  /** Whether `start` can replace a worker. A Worker of the caller can be used once only. */
  readonly replaces: boolean;
  start(): WorkerLike;
}

/**
 * A relative script starts from where the program is now, also for workers that start later.
 * @throws TypeError or RangeError if the choice is not a `WorkerChoice`.
 */
export function workerSource(
  { startWorker }: Pick<Platform, 'startWorker'>,
  choice: Exclude<WorkerChoice, false>,
  { scriptAddress }: Pick<Portability, 'scriptAddress'>,
): WorkerSource {
  if (isWorker(choice)) return { count: 1, replaces: false, start: () => choice };
  const { script, count } = scriptOf(choice);
  checkValue('loadGlow', 'worker', count, integerFrom(1));
  const address = script === undefined ? undefined : scriptAddress(script);
  return { count, replaces: true, start: () => startWorker(address) };
}

function scriptOf(choice: Exclude<WorkerChoice, WorkerLike>): { script?: string | URL; count: number } {
  if (typeof choice === 'boolean') return { count: 1 };
  if (typeof choice === 'number') return { count: choice };
  const { script, count = 1 } =
    typeof choice === 'string' || isUrl(choice) ? { script: choice } : (choice ?? {});
  if ((typeof script === 'string' && script !== '') || isUrl(script)) return { script, count };
  throw new TypeError(
    'loadGlow: worker: expected true, a number of workers, the path or address of a script, ' +
      `{ script, count } or a Worker, got ${got(choice, script)}`,
  );
}

function got(choice: unknown, script: unknown): string {
  if (script === '') return 'an empty path';
  return choice === null ? 'null' : typeof choice;
}

function isWorker(choice: WorkerChoice): choice is WorkerLike {
  return typeof choice === 'object' && choice !== null && 'postMessage' in choice;
}
