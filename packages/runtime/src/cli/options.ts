import { precisions } from '@glow-onnx/flow/manifest';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Statistic, statistics } from '../calibration/statistics.js';
import { isTensorFile } from '../node/tensor-file.js';
import { fits } from '../pictures/fits.js';
import { devices } from '../sessions/device.js';
import type { Report } from './report.js';
import type { Context } from './run.js';

/** Runs a command and prints its report, as text or as JSON. */
export type Show = (
  flags: { readonly json: boolean },
  run: (context: Context) => Promise<Report>,
) => Promise<void>;

export const modelHelp = 'model folder written by glow-onnx export, its address, or hf:owner/name';

/** Starts the definition of a command on a model. */
export function modelCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .argument('<model>', modelHelp)
    .option('--json', 'print JSON', false);
}

/** Adds the options of a command that runs a model. */
export function modelOptions<C extends Command>(command: C): C {
  deviceOptions(command).option(
    '--label <class>',
    'name of the class, for class-conditional models (glow-onnx info lists them)',
  );
  return command;
}

/** Adds those of a command whose results no class changes. */
export function deviceOptions<C extends Command>(command: C): C {
  command
    .addOption(
      new Option('--device <device>', 'device that runs the model')
        .choices(['auto', ...devices])
        .default('auto'),
    )
    .addOption(
      new Option('--precision <precision>', 'precision of the model')
        .choices([...precisions])
        .default('fp32'),
    )
    .option('--max-memory <GB>', 'memory that one image may take (default: what is free)', gigabytes);
  return command;
}

/** Adds the options of a command that writes images. */
export function imageOptions<C extends Command>(command: C): C {
  return outputOptions(
    command,
    'FILE.png for one grid of all images, or a folder for one file per image',
    imagePath,
  );
}

/** Adds those of a command that writes images or numbers. */
export function imageOrNumberOptions<C extends Command>(command: C): C {
  return outputOptions(
    command,
    'FILE.png for one grid of all images, a folder for one file per image, or FILE.safetensors for numbers',
    (text) => (isTensorFile(text) ? text : imagePath(text)),
  );
}

function outputOptions<C extends Command>(command: C, out: string, path: (text: string) => string): C {
  command
    .requiredOption('--out <path>', out, path)
    .option('--columns <n>', 'columns of the grid (default: about square)', integer(1, 1000))
    .option('--scale <n>', 'enlargement in the grid (default: images of about 128 pixels)', integer(1, 64))
    .option('--force', 'overwrite existing files', false);
  return command;
}

/** A grid of images, or a folder. */
export function imagePath(text: string): string {
  if (isPng(text) || !(isPicture(text) || isTensorFile(text))) return text;
  throw new InvalidArgumentError('It must be FILE.png for one grid of all images, or a folder.');
}

export function pngFile(text: string): string {
  if (isPng(text)) return text;
  throw new InvalidArgumentError('It must be FILE.png.');
}

/** A file that has no image. @param form what it may be, such as FILE.json. */
export function dataFile(form: string): (text: string) => string {
  return (text) => {
    if (!isPicture(text)) return text;
    throw new InvalidArgumentError(`It must be ${form}, not an image.`);
  };
}

const isPng = (path: string) => /\.png$/i.test(path);
const isPicture = (path: string) => /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i.test(path);

/** @param or if given, there is no default: the description says which one the command chooses, and ends with this. */
export function fitOption(or?: string): Option {
  const description =
    'size at which the model sees an image: cover is the size of the training images, none its own size (the time grows with its pixels), ' +
    'the others the next size to its own that the model can take';
  if (or !== undefined) {
    return new Option('--fit <how>', `${description} (default: ${fits[0]}${or})`).choices([...fits]);
  }
  return new Option('--fit <how>', description).choices([...fits]).default(fits[0]);
}

export function tensorOption(): Option {
  return new Option('--tensor <name>', 'name of the tensor in a .safetensors file (default: its only one)');
}

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be an integer ${range}.`);
  };
}

/** A number for all levels, or one per level: `0.7` or `1,1,0.5`. */
export function perLevel(least = Number.NEGATIVE_INFINITY): (text: string) => number | readonly number[] {
  const range = Number.isFinite(least) ? ` of at least ${least}` : '';
  return (text) => {
    const values = text.split(',').map((each) => (each.trim() === '' ? Number.NaN : Number(each)));
    if (values.some((value) => !Number.isFinite(value) || value < least)) {
      throw new InvalidArgumentError(`It must be a number${range}, or one per level, separated by commas.`);
    }
    return values.length === 1 ? (values[0] as number) : values;
  };
}

/** A list of levels: `0,2`. */
export function levels(text: string): readonly number[] {
  return text.split(',').map(integer(0));
}

/** `0.01`: a rate between 0 and 1. */
export function rate(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a rate between 0 and 1, such as 0.01.');
}

/** `density,excess`. */
export function statisticNames(text: string): readonly Statistic[] {
  const names = text.split(',') as Statistic[];
  if (names.every((name) => statistics.includes(name))) return names;
  throw new InvalidArgumentError(`It must be some of ${statistics.join(', ')}, separated by commas.`);
}

/** One of equal parts of a list, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** `3/8`. */
export function shard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  throw new InvalidArgumentError('It must be a part and the number of parts, from 1/8 to 8/8.');
}

/** Gigabytes, in bytes. */
export function gigabytes(text: string): number {
  const bytes = Math.round(Number(text) * 1e9);
  if (text.trim() !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('It must be a positive number of gigabytes.');
}
