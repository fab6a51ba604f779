import { stat } from 'node:fs/promises';
import { type Checkpoint, encodeCheckpoint, type GlowConfig, parseCheckpoint } from '@glow-onnx/flow';
import { type Precision, precisions } from '@glow-onnx/flow/internal';
import {
  onTerminal,
  readWholeFile,
  runProgram,
  type Terminal,
  writeFileAtomic,
} from '@glow-onnx/runtime/internal-node';
import type { Device } from '@glow-onnx/runtime/session';
import { Command, InvalidArgumentError, Option } from 'commander';
import { describeReport, describeVerification } from './describe.js';
import { exportModel } from './export-model.js';
import { importWeights, type LayoutName, layoutNames } from './import/import-weights.js';
import { verifyFolder } from './verify-folder.js';

const bitsHelp = 'bits per colour channel (default: tutorial 8, port 5)';
const sizeHelp = 'height and width of the training pictures (default: 32x32)';

const devices: readonly Device[] = ['cpu', 'webgpu', 'cuda', 'wasm'];

interface ImportFlags {
  readonly out: string;
  readonly force: boolean;
  readonly from?: LayoutName;
  readonly bits?: number;
  readonly size?: { readonly height: number; readonly width: number };
}

interface Flags extends ImportFlags {
  readonly singleFile: boolean;
  readonly tolerance: number;
  readonly precision: readonly Precision[];
  readonly license?: string;
  readonly images?: readonly string[];
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
 * The command `glow-export`. What was written goes to stdout, an error is one line on stderr.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage.
 */
export async function main(argv: readonly string[], version: string, terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal;
  let code = 0;
  const print = (json: boolean, value: unknown, text: () => string) =>
    stdout.write(`${json ? JSON.stringify(value, finiteOrName, 2) : text()}\n`);
  const program = onTerminal(new Command('glow-export'), terminal)
    .description(
      'Checkpoints to model folders. A file alone is exported: glow-export best.safetensors --out DIR.',
    )
    .version(version)
    .enablePositionalOptions();
  program
    .command('export', { isDefault: true })
    .description(
      'Turn a checkpoint into a model folder: ONNX graphs to encode and decode, checked against float64.',
    )
    .argument('<checkpoint>', 'safetensors file of glow-train, or with --from of another program')
    .requiredOption('--out <dir>', 'model folder to make')
    .option('--force', 'replace a model folder that is there', false)
    .option('--single-file', 'graphs that hold their own weights', false)
    .addOption(new Option('--from <layout>', 'layout of imported weights').choices(layoutNames))
    .option('--bits <n>', `with --from: ${bitsHelp}`, bits)
    .option('--size <HxW>', `with --from: ${sizeHelp}`, size)
    .option('--tolerance <factor>', 'accept this many times the usual error against float64', positive, 1)
    .addOption(
      new Option('--precision <list>', `of ${precisions.join(', ')}; fp32 is always there`)
        .argParser((text) => ['fp32' as const, ...precisionList(text)])
        .default(['fp32'], 'fp32'),
    )
    .option('--license <spdx>', 'licence of the weights, for the manifest and the graphs')
    .option('--images <path...>', 'golden values of these pictures (files, folders) instead of samples')
    .option('--steps', 'print what every step does, not the worst five', false)
    .option('--json', 'print JSON', false)
    .action(async (path: string, flags: Flags) => {
      const weights = await readWeights(path, flags);
      const report = await exportModel(weights, flags);
      print(flags.json, report, () =>
        [...assumptions(flags, weights.config), describeReport(report, flags.steps)].join('\n'),
      );
    });
  program
    .command('import')
    .description("Rewrite another program's weights as a checkpoint, for glow-train --init to go on with.")
    .argument('<weights>', 'safetensors file of another program')
    .requiredOption('--out <file>', 'checkpoint to write')
    .addOption(new Option('--from <layout>', 'its layout').choices(layoutNames).makeOptionMandatory())
    .option('--bits <n>', bitsHelp, bits)
    .option('--size <HxW>', sizeHelp, size)
    .option('--force', 'replace a file that is there', false)
    .action(async (path: string, flags: ImportFlags) => {
      if (!flags.force && (await stat(flags.out).catch(() => undefined))) {
        throw new Error(`${flags.out} exists; pass --force to replace it, or another --out`);
      }
      const weights = await readWeights(path, flags);
      await writeFileAtomic(flags.out, encodeCheckpoint(weights));
      stdout.write([...assumptions(flags, weights.config), `wrote ${flags.out}\n`].join('\n'));
    });
  program
    .command('verify')
    .description(
      'Recompute what a model folder claims: hashes, errors against its golden values, every step.',
    )
    .argument('<modeldir>', 'model folder')
    .addOption(new Option('--device <name>', 'provider').choices(devices).default('cpu'))
    .addOption(new Option('--precision <list>', 'default: all that are there').argParser(precisionList))
    .option('--steps', 'print what every step does, not the worst five', false)
    .option('--json', 'print JSON', false)
    .action(async (folder: string, { device, precision, steps, json }: VerifyFlags) => {
      const report = await verifyFolder(folder, {
        device,
        ...(precision && { precision }),
        ...(stderr.isTTY && { progress: (step: string) => stderr.write(`${step} …\n`) }),
      });
      print(json, report, () => describeVerification(report, steps));
      if (!report.ok) code = 1;
    });
  return (await runProgram(program, argv, terminal)) || code;
}

async function readWeights(path: string, { from, bits, size }: ImportFlags): Promise<Checkpoint> {
  if (!from && (bits !== undefined || size)) {
    throw new RangeError('--bits and --size are for --from: a checkpoint says them itself');
  }
  try {
    const bytes = await readWholeFile(path);
    if (!from) return parseCheckpoint(bytes);
    return importWeights(bytes, from, { ...(bits !== undefined && { bits }), ...size });
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/** What import had to take for granted. */
function assumptions({ from, bits, size }: ImportFlags, config: GlowConfig): string[] {
  const assumed = [
    ...(bits === undefined ? [`${config.bits} bits (--bits)`] : []),
    ...(size ? [] : [`training pictures of ${config.height}x${config.width} (--size)`]),
  ];
  if (!from || assumed.length === 0) return [];
  return [`assumed, as weights do not tell: ${assumed.join(', ')}`];
}

/** JSON has no word for NaN and infinities and would write null. */
function finiteOrName(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function precisionList(text: string): Precision[] {
  return text.split(',').map((name) => {
    const found = precisions.find((known) => known === name);
    if (!found) throw new InvalidArgumentError(`Known are ${precisions.join(', ')}.`);
    return found;
  });
}

function bits(text: string): number {
  if (/^[1-8]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be 1 to 8.');
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function size(text: string): { height: number; width: number } {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, such as 32x32.');
}
