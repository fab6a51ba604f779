import { join } from 'node:path';
import { version } from '@glow-onnx/runtime/internal';
import {
  checkOutputs,
  onTerminal,
  printableLines,
  runCommand,
  runProgram,
  type Terminal,
  writeFileAtomic,
} from '@glow-onnx/runtime/internal-node';
import { Command } from 'commander';
import { metricsName } from '../folder/metrics.js';
import { checkpointPaths } from '../folder/read-run.js';
import { compareRuns } from '../report/compare-runs.js';
import { mostRuns } from '../report/comparison.js';

/** Runs the command that compares runs as this process, and sets the exit code. */
export async function glowCompare(program: string, argv: readonly string[]): Promise<void> {
  await runCommand(program, argv, (args, terminal) => compareMain(args, terminal, program), 'files');
}

/** @returns the exit code: 0, 1 for an error, 2 for wrong usage. */
export async function compareMain(
  argv: readonly string[],
  terminal: Terminal,
  name = 'glow-onnx compare',
): Promise<number> {
  const program = onTerminal(new Command(name), terminal)
    .description('Lays the curves of training runs over each other, as one HTML page.')
    .version(version)
    .argument('<run...>', `2 to ${mostRuns} folders of runs`)
    .option('--out <file>', 'the page to write', 'comparison.html')
    .option('--force', 'replace an existing file', false)
    .action(async (folders: string[], { out, force }: { out: string; force: boolean }) => {
      checkOutputs(
        [out],
        folders.flatMap((folder) => [...checkpointPaths(folder), join(folder, metricsName)]),
        force,
      );
      const { page, warning } = await compareRuns(folders);
      await writeFileAtomic(out, page);
      if (warning !== undefined) terminal.stderr.write(`${printableLines(`warning: ${warning}`)}\n`);
      terminal.stdout.write(`${printableLines(`wrote ${out}`)}\n`);
    });
  return runProgram(program, argv, terminal);
}
