import { join } from 'node:path';
import { printableLines, shownSource, type Terminal } from '@glow-onnx/runtime/internal-node';
import type { Command } from 'commander';
import { loadCheckpoint } from '../load-checkpoint.js';
import { moduleName, toPytorch } from './to-pytorch.js';

/** Adds the command `to-pytorch`. */
export function addToPytorch(program: Command, { stdout }: Terminal): void {
  program
    .command('to-pytorch')
    .description('Write a model as a PyTorch module of one file, with the weights that it loads.')
    .argument('<model>', 'checkpoint, folder of a run, or model folder or its address')
    .requiredOption('--out <dir>', 'folder to make')
    .action(async (model: string, { out }: { out: string }) => {
      const { checkpoint } = await loadCheckpoint(model);
      const files = await toPytorch(checkpoint, out);
      const lines = files.map(({ path, bytes }) => `wrote ${join(out, path)}: ${bytes} bytes`);
      const use = `in Python: from ${moduleName.replace('.py', '')} import load`;
      stdout.write(printableLines(`${shownSource(model)}\n${[...lines, use].join('\n')}\n`));
    });
}
