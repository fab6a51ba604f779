import { open, stat } from 'node:fs/promises';
import type { GlowConfig } from '@glow-onnx/flow';
import { parseJson } from '@glow-onnx/flow/internal';
import { given, readWholeFile } from '@glow-onnx/runtime/internal-node';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readTensors } from './import/containers/read-tensors.js';
import { importTensors } from './import/import-weights.js';
import { type LayoutName, layoutNames, layouts } from './import/layouts.js';
import { mapTemplate } from './import/map-template.js';
import type { WeightsChoice } from './import/try-layout.js';
import { type LoadedCheckpoint, loadCheckpoint } from './load-checkpoint.js';
import { within } from './within.js';

/** Options of a command that reads weights of other programs. */
export interface SourceFlags {
  readonly from?: LayoutName | 'auto';
  readonly weights?: WeightsChoice;
  readonly map?: string;
  readonly bits?: number;
  readonly size?: { readonly height: number; readonly width: number };
}

/** Adds the options to a command. */
export function addSourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--from <layout>',
        "program of another program's weights (default: found by their names)",
      ).choices([...layoutNames, 'auto']),
    )
    .addOption(
      new Option('--weights <which>', 'which weights to take, if a file has averaged ones too').choices([
        'model',
        'ema',
      ]),
    )
    .option('--map <file>', 'JSON file that gives tensors the names of a layout')
    .option('--bits <n>', 'bits per colour channel of imported weights (default: those of the layout)', bits)
    .option(
      '--size <HxW>',
      'height and width of the training images of imported weights (default: 32x32)',
      size,
    );
}

/** A checkpoint, and what the user should know about an import. */
export type ReadSource = LoadedCheckpoint & { readonly notes: readonly string[] };

/** Reads a checkpoint of ours, or weights of another program. */
export async function readSource(source: string, flags: SourceFlags): Promise<ReadSource> {
  const { from = 'auto', weights, map, bits, size } = flags;
  if (flags.from === undefined && map === undefined && !(await isForeign(source))) {
    if (bits !== undefined || size || weights) {
      throw new RangeError(
        '--bits, --size and --weights are for weights of other programs: a checkpoint states what they would',
      );
    }
    return { ...(await loadCheckpoint(source)), notes: [] };
  }
  const tensors = await readTensors(source);
  const rules = map === undefined ? undefined : await readMap(map);
  const options = { ...given({ bits, weights, map: rules }), ...size };
  const { checkpoint, layout, notes } = within(source, () => importTensors(tensors, from, options));
  const found = flags.from === layout ? [] : [`layout: ${layout}`];
  const all = [...found, ...assumptions(layout, flags, checkpoint.config), ...notes];
  return { checkpoint, origin: 'file', path: source, notes: all };
}

/** The text of a map of a file's names to fill in. */
export async function templateOf(source: string, { from = 'auto' }: SourceFlags): Promise<Uint8Array> {
  const map = mapTemplate(await readTensors(source), from);
  return new TextEncoder().encode(`${JSON.stringify(map, undefined, 2)}\n`);
}

/** A map has a rule for each kind of tensor, seldom one for each tensor. */
const mapLimits = { maxLength: 2 ** 24, maxValues: 2 ** 20 };

async function readMap(path: string): Promise<unknown> {
  return parseJson(await readWholeFile(path), { where: path, ...mapLimits });
}

/** The values that an import assumed. */
function assumptions(layout: LayoutName, { bits, size }: SourceFlags, config: GlowConfig): string[] {
  const assumed = [
    ...(bits === undefined ? [`${config.bits} bits (--bits)`] : []),
    ...(size ? [] : [`training images of ${config.height}x${config.width} (--size)`]),
  ];
  const states = layouts.some(({ name, statesConfig }) => name === layout && statesConfig);
  if (states || assumed.length === 0) return [];
  return [`assumed, because the weights do not state it: ${assumed.join(', ')}`];
}

/** Far more than the header of an honest checkpoint has before its metadata. */
const headBytes = 2 ** 16;

/** Whether a source is a file of weights that is not a checkpoint of ours. */
async function isForeign(source: string): Promise<boolean> {
  if (/\.(index|data-\d{5}-of-\d{5})$/.test(source)) return true;
  const found = await stat(source).catch(() => undefined);
  if (!found) return (await stat(`${source}.index`).catch(() => undefined))?.isFile() ?? false;
  if (!found.isFile()) return false;
  const file = await open(source);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0);
    const head = new TextDecoder('latin1').decode(buffer.subarray(0, bytesRead));
    if (head.startsWith('PK\x03\x04') || head.startsWith('\x80\x02\x8a\x0a')) return true;
    return head[8] === '{' && !head.includes('"glow-onnx checkpoint"');
  } finally {
    await file.close();
  }
}

function bits(text: string): number {
  if (/^[1-8]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be an integer from 1 to 8.');
}

function size(text: string): { height: number; width: number } {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, for example 32x32.');
}
