import { Writable } from 'node:stream';
import { main } from '../../packages/trainer/src/cli/main.js';

/** Runs glow-train as a shell would, without a terminal, until it ends or the signal comes. */
export async function glowTrainUntil(signal: AbortSignal, ...argv: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        written[name] += chunk;
        done();
      },
    });
  const terminal = { stdout: stream('stdout'), stderr: stream('stderr') };
  const code = await main(argv, '1.2.3', terminal, signal);
  return { code, ...written };
}

export const glowTrain = (...argv: string[]) => glowTrainUntil(new AbortController().signal, ...argv);
