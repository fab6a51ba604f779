import { encodeCheckpoint } from '@glow-onnx/flow';
import { type Precision, precisions, printable } from '@glow-onnx/flow/internal';
import { devices } from '@glow-onnx/runtime/internal';
import {
  checkOutputs,
  given,
  keepInputs,
  onTerminal,
  printableJson,
  printableLines,
  runProgram,
  type Terminal,
  writeFileAtomic,
} from '@glow-onnx/runtime/internal-node';
import type { Device } from '@glow-onnx/runtime/session';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addCheckpoint } from './checkpoint-command.js';
import { exportModel } from './export-model.js';
import { formatExport, formatVerification } from './format-report.js';
import { filesOfTensors } from './import/containers/read-tensors.js';
import { addSourceOptions, readSource, type SourceFlags, templateOf } from './read-source.js';
import { addToPytorch } from './to-pytorch/to-pytorch-command.js';
import { addToRepository, checkRepository } from './triton/triton-repository.js';
import { verifyFolder } from './verify/verify-folder.js';

const stepsHelp = 'print all steps instead of the worst five';

interface ImportFlags extends SourceFlags {
  readonly out: string;
  readonly force: boolean;
}

interface ExportFlags extends ImportFlags {
  readonly singleFile: boolean;
  readonly tolerance: number;
  readonly precision: readonly Precision[];
  readonly license?: string;
  readonly images?: readonly string[];
  readonly withCheckpoint: boolean;
  readonly triton?: string;
  readonly steps: boolean;
  readonly json: boolean;
}

interface VerifyFlags {
  readonly device: Device;
  readonly precision?: readonly Precision[];
  readonly steps: boolean;
  readonly json: boolean;
}

/**
 * The command `glow-export`. Results go to stdout; an error is one line on stderr.
 * @returns the exit code: 0 for success, 1 for an error or a broken claim, 2 for wrong usage.
 */
export async function main(
  argv: readonly string[],
  version: string,
  terminal: Terminal,
  name = 'glow-export',
): Promise<number> {
  let code = 0;
  const program = onTerminal(new Command(name), terminal)
    .description(
      'Turns checkpoints into model folders. The command export is the default: ' +
        'glow-export best.safetensors --out DIR.',
    )
    .version(version)
    .enablePositionalOptions();
  addExport(program, terminal);
  addImport(program, terminal);
  addCheckpoint(program, terminal);
  addToPytorch(program, terminal);
  addVerify(program, terminal, (failure) => {
    code = failure;
  });
  return (await runProgram(program, argv, terminal)) || code;
}

function addExport(program: Command, { stdout }: Terminal): void {
  const command = program.command('export', { isDefault: true });
  addSourceOptions(command)
    .description(
      'Turn a checkpoint into a model folder: ONNX graphs to encode and decode, checked against float64.',
    )
    .argument(
      '<checkpoint>',
      'safetensors file or folder of a run of glow-onnx train; a model folder or its address; weights of another program',
    )
    .requiredOption('--out <dir>', 'model folder to make')
    .option('--force', 'replace an existing model folder', false)
    .option('--single-file', 'let each graph hold its own weights', false)
    .option('--tolerance <factor>', 'accept this many times the usual error against float64', positive, 1)
    .addOption(
      new Option('--precision <list>', `any of ${precisions.join(', ')}; fp32 is always written`)
        .argParser((text) => ['fp32' as const, ...precisionList(text)])
        .default(['fp32'], 'fp32'),
    )
    .option('--license <spdx>', 'licence of the weights, for the manifest and the graphs')
    .option(
      '--images <path...>',
      'take the golden values from these images (files, folders) instead of samples',
    )
    .option('--with-checkpoint', 'let the folder carry its checkpoint, to train the model further', false)
    .option('--triton <dir>', 'also add the graphs to this model repository of Triton')
    .option('--steps', stepsHelp, false)
    .option('--json', 'print JSON', false)
    .action(async (source: string, flags: ExportFlags) => {
      if (flags.triton !== undefined) await checkRepository(flags.out, flags.triton);
      const { checkpoint, path, origin, notes } = await readSource(source, flags);
      const { out, force, singleFile, tolerance, precision, license, images, withCheckpoint } = flags;
      keepInputs([out], [...(images ?? []), ...(flags.map === undefined ? [] : [flags.map])]);
      // Without a checkpoint of its own, a folder loses nothing: its parameters are rebuilt from its graphs.
      if (origin !== 'graphs' && !withCheckpoint) {
        keepInputs([out], [path], '--out, or --with-checkpoint to keep the checkpoint in the folder');
      }
      const report = await exportModel(checkpoint, {
        ...{ out, force, singleFile, tolerance, precision, withCheckpoint },
        ...given({ license, images }),
      });
      const added = flags.triton === undefined ? [] : await addToRepository(out, flags.triton);
      const text = () =>
        [
          ...(path === source ? [] : [`exported ${path}`]),
          ...notes,
          formatExport(report, flags.steps),
          ...(added.length === 0 ? [] : [`added ${added.join(' and ')} to ${flags.triton}`]),
        ].join('\n');
      const json = { ...report, ...(flags.triton !== undefined && { triton: added }) };
      stdout.write(`${flags.json ? toJson(json) : printableLines(text())}\n`);
    });
}

function addImport(program: Command, { stdout }: Terminal): void {
  addSourceOptions(program.command('import'))
    .description(
      "Convert another program's weights into a checkpoint, for example for glow-onnx train --init.",
    )
    .argument(
      '<weights>',
      'file of another program: .pt, .pth or .ckpt of PyTorch, safetensors, .npz, or .index of TensorFlow',
    )
    .requiredOption('--out <file>', 'checkpoint to write')
    .option('--template', 'write a map to fill in, for --map, instead of a checkpoint', false)
    .option('--force', 'replace an existing file', false)
    .action(async (path: string, flags: ImportFlags & { template: boolean }) => {
      const inputs = [...(await filesOfTensors(path)), ...(flags.map === undefined ? [] : [flags.map])];
      checkOutputs([flags.out], inputs, flags.force);
      if (flags.template) {
        await writeFileAtomic(flags.out, await templateOf(path, flags));
        stdout.write(printableLines(`wrote ${flags.out}: fill in the names, and pass it with --map\n`));
        return;
      }
      const { checkpoint, notes } = await readSource(path, { from: 'auto', ...flags });
      await writeFileAtomic(flags.out, encodeCheckpoint(checkpoint));
      const lines = [...notes, `wrote ${flags.out}\n`];
      stdout.write(printableLines(lines.join('\n')));
    });
}

function addVerify(program: Command, { stdout, stderr }: Terminal, fail: (code: number) => void): void {
  program
    .command('verify')
    .description(
      'Check the claims of a model folder: hashes, errors against the golden values, the effect of every step.',
    )
    .argument('<modeldir>', 'model folder')
    .addOption(new Option('--device <name>', 'device that runs the graphs').choices(devices).default('cpu'))
    .addOption(
      new Option('--precision <list>', 'precisions to check (default: all in the folder)').argParser(
        precisionList,
      ),
    )
    .option('--steps', stepsHelp, false)
    .option('--json', 'print JSON', false)
    .action(async (folder: string, { device, precision, steps, json }: VerifyFlags) => {
      const report = await verifyFolder(folder, {
        device,
        ...(precision && { precision }),
        ...(stderr.isTTY && { progress: (step: string) => stderr.write(`${printable(step)} …\n`) }),
      });
      stdout.write(`${json ? toJson(report) : printableLines(formatVerification(report, steps))}\n`);
      if (!report.ok) fail(1);
    });
}

function toJson(report: unknown): string {
  return printableJson(report, finiteOrName);
}

/** JSON cannot express NaN and infinities and would write null. */
function finiteOrName(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function precisionList(text: string): Precision[] {
  return text.split(',').map((name) => {
    const found = precisions.find((known) => known === name);
    if (!found) throw new InvalidArgumentError(`Expected a list of ${precisions.join(', ')}.`);
    return found;
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive number.');
}
