import { realpath, stat } from 'node:fs/promises';
import { encodeCheckpoint, type GlowConfig } from '@glow-onnx/flow';
import { type Precision, precisions, printable } from '@glow-onnx/flow/internal';
import { devices } from '@glow-onnx/runtime/internal';
import {
  given,
  onTerminal,
  printableJson,
  printableLines,
  readWholeFile,
  runProgram,
  type Terminal,
  writeFileAtomic,
} from '@glow-onnx/runtime/internal-node';
import type { Device } from '@glow-onnx/runtime/session';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addCheckpoint, checkFree } from './checkpoint-command.js';
import { exportModel } from './export-model.js';
import { formatExport, formatVerification } from './format-report.js';
import { importWeights, type LayoutName, layoutNames } from './import/import-weights.js';
import { type LoadedCheckpoint, loadCheckpoint } from './load-checkpoint.js';
import { addToRepository, checkRepository } from './triton/triton-repository.js';
import { verifyFolder } from './verify/verify-folder.js';
import { within } from './within.js';

const bitsHelp = 'bits per colour channel (default: tutorial 8, port 5)';
const sizeHelp = 'height and width of the training images (default: 32x32)';
const stepsHelp = 'print all steps instead of the worst five';

interface ImportFlags {
  readonly out: string;
  readonly force: boolean;
  readonly from?: LayoutName;
  readonly bits?: number;
  readonly size?: { readonly height: number; readonly width: number };
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
  addVerify(program, terminal, (failure) => {
    code = failure;
  });
  return (await runProgram(program, argv, terminal)) || code;
}

function addExport(program: Command, { stdout }: Terminal): void {
  program
    .command('export', { isDefault: true })
    .description(
      'Turn a checkpoint into a model folder: ONNX graphs to encode and decode, checked against float64.',
    )
    .argument(
      '<checkpoint>',
      'safetensors file or folder of a run of glow-onnx train; a model folder or its address; with --from, file of another program',
    )
    .requiredOption('--out <dir>', 'model folder to make')
    .option('--force', 'replace an existing model folder', false)
    .option('--single-file', 'let each graph hold its own weights', false)
    .addOption(new Option('--from <layout>', "layout of another program's weights").choices(layoutNames))
    .option('--bits <n>', `with --from: ${bitsHelp}`, bits)
    .option('--size <HxW>', `with --from: ${sizeHelp}`, size)
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
      const { checkpoint, path, origin } = await readCheckpoint(source, flags);
      const { out, force, singleFile, tolerance, precision, license, images, withCheckpoint } = flags;
      if (origin === 'folder' && !withCheckpoint && (await isSame(path, out))) {
        throw new Error(
          `${out} carries its checkpoint, which would be lost; pass --with-checkpoint to keep it, or another --out`,
        );
      }
      const report = await exportModel(checkpoint, {
        ...{ out, force, singleFile, tolerance, precision, withCheckpoint },
        ...given({ license, images }),
      });
      const added = flags.triton === undefined ? [] : await addToRepository(out, flags.triton);
      const text = () =>
        [
          ...(path === source ? [] : [`exported ${path}`]),
          ...assumptions(flags, checkpoint.config),
          formatExport(report, flags.steps),
          ...(added.length === 0 ? [] : [`added ${added.join(' and ')} to ${flags.triton}`]),
        ].join('\n');
      const json = { ...report, ...(flags.triton !== undefined && { triton: added }) };
      stdout.write(`${flags.json ? toJson(json) : printableLines(text())}\n`);
    });
}

function addImport(program: Command, { stdout }: Terminal): void {
  program
    .command('import')
    .description(
      "Convert another program's weights into a checkpoint, for example for glow-onnx train --init.",
    )
    .argument('<weights>', 'safetensors file of another program')
    .requiredOption('--out <file>', 'checkpoint to write')
    .addOption(
      new Option('--from <layout>', 'layout of the weights').choices(layoutNames).makeOptionMandatory(),
    )
    .option('--bits <n>', bitsHelp, bits)
    .option('--size <HxW>', sizeHelp, size)
    .option('--force', 'replace an existing file', false)
    .action(async (path: string, flags: ImportFlags) => {
      await checkFree(flags.out, flags.force);
      const { checkpoint } = await readCheckpoint(path, flags);
      await writeFileAtomic(flags.out, encodeCheckpoint(checkpoint));
      const lines = [...assumptions(flags, checkpoint.config), `wrote ${flags.out}\n`];
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

async function readCheckpoint(source: string, { from, bits, size }: ImportFlags): Promise<LoadedCheckpoint> {
  if (!from && (bits !== undefined || size)) {
    throw new RangeError('--bits and --size are for --from: a checkpoint states both');
  }
  if (!from) return loadCheckpoint(source);
  if ((await stat(source).catch(() => undefined))?.isDirectory()) {
    throw new Error(`${source} is a folder; pass the safetensors file in it`);
  }
  const bytes = await readWholeFile(source);
  const overrides = { ...(bits !== undefined && { bits }), ...size };
  const checkpoint = within(source, () => importWeights(bytes, from, overrides));
  return { checkpoint, origin: 'file', path: source };
}

/** Whether two paths lead to one folder. */
async function isSame(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}

/** The values that an import assumed. */
function assumptions({ from, bits, size }: ImportFlags, config: GlowConfig): string[] {
  const assumed = [
    ...(bits === undefined ? [`${config.bits} bits (--bits)`] : []),
    ...(size ? [] : [`training images of ${config.height}x${config.width} (--size)`]),
  ];
  if (!from || assumed.length === 0) return [];
  return [`assumed, because the weights do not state it: ${assumed.join(', ')}`];
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

function bits(text: string): number {
  if (/^[1-8]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be an integer from 1 to 8.');
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive number.');
}

function size(text: string): { height: number; width: number } {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, for example 32x32.');
}
