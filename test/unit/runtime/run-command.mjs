// A command as a process: node run-command.mjs RESULT_IN KIND. It writes `begins` to stderr, then does as KIND says.
import { setTimeout } from 'node:timers/promises';
import { exitCodeOf, runCommand } from '../../../packages/runtime/dist/cli/run-command.js';

const [, , resultIn, kind] = process.argv;

async function main(_, { stdout, stderr }, signal) {
  stderr.write('begins\n');
  if (kind === 'prints') {
    for (let i = 0; i < 20; i++) {
      stdout.write('line\n');
      stderr.write('progress\n');
      await setTimeout(10);
    }
    process.send?.('done'); // all work is done, whoever reads
    return 0;
  }
  await setTimeout(20_000, undefined, { signal }).catch(() => {});
  if (kind === 'saves') await setTimeout(400);
  if (kind === 'stuck') await setTimeout(20_000);
  return exitCodeOf(signal);
}

await runCommand('glow-test', [], main, resultIn);
