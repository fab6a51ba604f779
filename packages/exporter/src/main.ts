import { readFile } from 'node:fs/promises';
import { type Checkpoint, parseCheckpoint } from '@glow-onnx/flow';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type ExportReport, exportModel } from './export-model.js';
import { importWeights, type LayoutName, layoutNames } from './import/import-weights.js';

export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

interface Flags {
  readonly out: string;
  readonly force: boolean;
  readonly singleFile: boolean;
  readonly from?: LayoutName;
  readonly bits?: number;
  readonly size?: { readonly height: number; readonly width: number };
  readonly tolerance: number;
  readonly json: boolean;
}

/**
 * The command `glow-export`. What was written goes to stdout, an error is one line on stderr.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage.
 */
export async function main(argv: readonly string[], version: string, terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal;
  const program = new Command('glow-export')
    .description(
      'Turn a checkpoint into a model folder: ONNX graphs to encode and decode, checked against float64.',
    )
    .version(version)
    .argument('<checkpoint>', 'safetensors file of glow-train, or with --from of another program')
    .requiredOption('--out <dir>', 'model folder to make')
    .option('--force', 'replace a model folder that is there', false)
    .option('--single-file', 'graphs that hold their own weights', false)
    .addOption(new Option('--from <layout>', 'layout of imported weights').choices(layoutNames))
    .option('--bits <n>', 'with --from: bits per colour channel (default: tutorial 8, port 5)', integer)
    .option('--size <HxW>', 'with --from: height and width of the training pictures (default: 32x32)', size)
    .option('--tolerance <factor>', 'accept this many times the usual error against float64', positive, 1)
    .option('--json', 'print JSON', false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .action(async (path: string, flags: Flags) => {
      const report = await exportModel(await readWeights(path, flags), flags);
      stdout.write(`${flags.json ? JSON.stringify(report, null, 2) : describeReport(report)}\n`);
    });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    stderr.write(`glow-export: ${(error as Error).message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    return 1;
  }
}

async function readWeights(path: string, { from, bits, size }: Flags): Promise<Checkpoint> {
  if (!from && (bits !== undefined || size)) {
    throw new RangeError('--bits and --size are for --from: a checkpoint says them itself');
  }
  try {
    const bytes = await readFile(path);
    if (!from) return parseCheckpoint(bytes);
    return importWeights(bytes, from, { ...(bits !== undefined && { bits }), ...size });
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

function describeReport({ out, config, parameters, files, measured }: ExportReport): string {
  const { channels, height, width, levels, steps, hiddenChannels, bits } = config;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    `${channels}×${height}×${width}, ${bits} bits, ${levels} levels × ${steps} steps, ` +
      `${hiddenChannels} hidden channels, ${parameters.toLocaleString('en-US')} parameters`,
    ...measured.map(({ claim, value, tolerance }) => `${claim}: ${value} (at most ${tolerance})`),
    `wrote ${out}: ${files.length} files, ${bytes.toLocaleString('en-US')} bytes`,
  ].join('\n');
}

function integer(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It must be an integer.');
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function size(text: string): { height: number; width: number } {
  const [, height, width] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, such as 32x32.');
}
