import { precisions, printable } from '@glow-onnx/flow/manifest';
import { devices, version } from '@glow-onnx/runtime/internal';
import {
  given,
  onTerminal,
  printableLines,
  runProgram,
  type Terminal,
} from '@glow-onnx/runtime/internal-node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseModelEntry } from '../model-entry.js';
import { defaultLimits, type LogLevel, logLevels, type ServeOptions } from '../options.js';
import { createServer } from '../server.js';
import { readToken, tokenVariable } from './read-token.js';

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly device?: NonNullable<ServeOptions['device']>;
  readonly precision?: NonNullable<ServeOptions['precision']>;
  readonly workers?: number;
  readonly threads?: number;
  readonly maxBatch?: number;
  readonly maxWait?: number;
  readonly maxBody?: number;
  readonly maxJsonValues?: number;
  readonly maxPixels?: number;
  readonly maxRequests?: number;
  readonly timeout?: number;
  readonly drain?: number;
  readonly tokenFile?: string;
  readonly cors?: string;
  readonly logLevel: LogLevel;
}

/**
 * The command `glow-serve`. The address goes to stdout, the log to stderr. It ends once `signal` is aborted and the
 * requests under way are answered.
 * @returns the exit code: 0 after it was asked to end, 1 for an error, 2 for wrong usage.
 */
export function main(
  name: string,
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const program = onTerminal(new Command(name), terminal)
    .description('Serve models over HTTP: Open Inference Protocol v2, pictures in and out, metrics.')
    .version(version)
    .argument(
      '<model...>',
      'FOLDER, NAME=FOLDER or NAME:VERSION=FOLDER; a folder, its address, or hf:owner/name',
    )
    .option('--host <address>', 'address to listen at; 0.0.0.0 for all of this machine', '127.0.0.1')
    .option('--port <n>', 'port to listen at; 0 for any free one', integer(0, 65_535), 8000)
    .addOption(
      new Option('--device <device>', 'device that runs the models (default: the best)').choices(devices),
    )
    .addOption(new Option('--precision <precision>', 'precision of the models').choices(precisions))
    .option('--workers <n>', 'processes of each model (default: 1)', integer(1))
    .option(
      '--threads <n>',
      'threads of each process (default: the cores divided by the processes)',
      integer(1),
    )
    .option('--max-batch <n>', limit('images of a request, and of a run', 'maxBatch'), integer(1))
    .option(
      '--max-wait <ms>',
      'longest wait for other requests while a process is idle (default: 0)',
      integer(0),
    )
    .option('--max-body <bytes>', limit('bytes of a request', 'maxBodyBytes'), integer(1))
    .option(
      '--max-json-values <n>',
      limit('values and names of JSON in a request', 'maxJsonValues'),
      integer(1),
    )
    .option('--max-pixels <n>', limit('pixels of an image', 'maxPixels'), integer(1))
    .option('--max-requests <n>', limit('requests under way', 'maxRequests'), integer(1))
    .option('--timeout <ms>', `longest time for an answer (default: ${defaultLimits.timeoutMs})`, integer(1))
    .option(
      '--drain <ms>',
      'time after SIGTERM in which it still takes requests, not ready (default: 500)',
      integer(0),
    )
    .option(
      '--token-file <file>',
      `file with the token that clients have to send (or ${tokenVariable} in the environment)`,
    )
    .option('--cors <origin>', 'origin of pages that may read answers (default: none)')
    .addOption(new Option('--log-level <level>', 'what to log to stderr').choices(logLevels).default('info'))
    .action(async (models: readonly string[], flags: Flags) => {
      const { host, port, maxWait, maxBody, timeout, drain, tokenFile, cors, logLevel, ...same } = flags;
      const token = await readToken(tokenFile, process.env);
      const entries = models.map(parseModelEntry);
      const server = await createServer(entries, {
        ...given({
          maxWaitMs: maxWait,
          maxBodyBytes: maxBody,
          timeoutMs: timeout,
          drainMs: drain,
          token,
          corsOrigin: cors,
        }),
        ...given(same),
        logLevel,
      });
      try {
        signal.throwIfAborted();
        const address = await server.listen({ host, port });
        const names = entries.map(({ name, version }) => `${name}:${version}`).join(', ');
        terminal.stdout.write(printableLines(`serving ${names} at ${address}\n`));
        if (token === undefined && !/^(127\.|::1$|localhost$)/.test(host)) {
          terminal.stderr.write(
            `${name}: no token is set: everyone who reaches ${printable(host)} may use the models\n`,
          );
        }
        await aborted(signal);
      } finally {
        await server.close();
      }
    });
  return runProgram(program, argv, terminal, {
    signal,
    isInterrupt: (error) => signal.aborted && error === signal.reason,
    inFlags,
  });
}

function limit(of: string, name: keyof typeof defaultLimits): string {
  return `most ${of} (default: ${defaultLimits[name]})`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Rewrites an error message of the library for the command line. */
function inFlags(message: string): string {
  return message
    .replace(/^(loadGlow|createServer): /, '')
    .replace(/^corsOrigin\b/, '--cors')
    .replace(/^(device|precision|workers|threads)\b/, '--$1')
    .replaceAll('pass device: ', 'pass --device ');
}

function integer(least: number, most = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be an integer from ${least} to ${most}.`);
  };
}
