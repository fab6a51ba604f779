import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../message-of.js';
import { explainSystemError } from '../node/explain-system-error.js';

/** The reason of the `AbortSignal` of a command: a signal of the system. */
export class Interruption extends Error {
  /** 128 and the number of the signal, as shells say it: 130 for Ctrl-C. */
  readonly exitCode: number;

  constructor(name: keyof typeof constants.signals) {
    super(`interrupted by ${name}`);
    this.exitCode = 128 + constants.signals[name];
  }
}

/** The exit code of a command that this signal has ended. */
export function exitCodeOf({ reason }: AbortSignal): number {
  return reason instanceof Interruption ? reason.exitCode : 128 + constants.signals.SIGINT;
}

/** The main function of a command. It returns the exit code. */
export type Main = (
  argv: readonly string[],
  terminal: Pick<NodeJS.Process, 'stdout' | 'stderr'>,
  signal: AbortSignal,
) => Promise<number>;

/**
 * Runs the main function of a command as this process, and sets the exit code.
 *
 * - The first SIGINT (Ctrl-C), SIGTERM or SIGHUP (the terminal was closed) aborts the `AbortSignal` of `main`. A second
 *   one ends the process at once.
 * - Output that cannot be written never ends the command. If the reader of a pipe has ended, as in `| head`, nobody
 *   misses the rest, and the exit code stays. If the result on stdout is lost for another reason, such as a full disk,
 *   stderr says so and the exit code becomes 1. What stderr does not take is dropped: stdout is for the result.
 * @param resultIn where the result of the command is. `files`: losing stdout does not change the exit code.
 */
export async function runCommand(
  name: string,
  argv: readonly string[],
  main: Main,
  resultIn: 'stdout' | 'files' = 'stdout',
): Promise<void> {
  let lost: unknown;
  process.stdout.on('error', (error) => {
    lost ??= error;
  });
  process.stderr.on('error', () => {});
  const code = await main(argv, process, interruptSignal());
  await setImmediate(); // an error of the last write is known by now
  if (lost === undefined || isClosed(lost)) {
    process.exitCode = code;
    return;
  }
  process.stderr.write(`${name}: ${messageOf(explainSystemError('written', 'stdout', lost))}\n`);
  process.exitCode = code === 0 && resultIn === 'stdout' ? 1 : code;
}

/** Whether an error of a stream means that its reader has ended. */
function isClosed(error: unknown): boolean {
  return ['EPIPE', 'EOF', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * A second signal within this time is taken for the first: when a terminal closes, both the system and the shell send
 * SIGHUP, and systemd sends SIGTERM and SIGHUP.
 */
const SAME_SIGNAL_MS = 500;

function interruptSignal(): AbortSignal {
  const interrupt = new AbortController();
  let firstAt = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const interruption = new Interruption(name);
      if (!interrupt.signal.aborted) {
        firstAt = performance.now();
        interrupt.abort(interruption);
      } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
        process.exit(interruption.exitCode);
      }
    });
  }
  return interrupt.signal;
}
