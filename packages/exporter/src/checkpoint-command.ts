import { encodeCheckpoint } from '@glow-onnx/flow';
import {
  checkOutputs,
  printableLines,
  shownSource,
  type Terminal,
  writeFileAtomic,
} from '@glow-onnx/runtime/internal-node';
import type { Command } from 'commander';
import { loadCheckpoint } from './load-checkpoint.js';

/** Adds the command `checkpoint`. */
export function addCheckpoint(program: Command, { stdout }: Terminal): void {
  program
    .command('checkpoint')
    .description(
      'Write the checkpoint of a model folder: the one that it carries, or one rebuilt from its graphs.',
    )
    .argument('<model>', 'model folder, or its address')
    .requiredOption('--out <file>', 'checkpoint to write')
    .option('--force', 'replace an existing file', false)
    .action(async (model: string, { out, force }: { out: string; force: boolean }) => {
      checkOutputs([out], [model], force);
      const { checkpoint, origin } = await loadCheckpoint(model);
      if (origin === 'file') throw new Error(`${model} is a checkpoint already; pass a model folder`);
      await writeFileAtomic(out, encodeCheckpoint(checkpoint));
      const how = origin === 'folder' ? 'the checkpoint that it carries' : 'rebuilt from its graphs';
      stdout.write(printableLines(`${shownSource(model)}: ${how}\nwrote ${out}\n`));
    });
}
