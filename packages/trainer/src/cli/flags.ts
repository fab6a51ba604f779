import { createConfig, type PresetName, presets } from '@glow-onnx/flow';
import { dequantisations } from '@glow-onnx/flow/internal';
import { gigabytes, given, isTensorFile, onTerminal, type Terminal } from '@glow-onnx/runtime/internal-node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type EngineName, engines, type TrainDevice, trainDevices } from '../assembly/open-differentiator.js';
import { optimizers } from '../engine/optimizer.js';
import { type Memory, memories } from '../onnxruntime/memory.js';
import { checkSettings } from '../settings/check-settings.js';
import { type Recipe, type RecipeName, recipes } from '../settings/recipes.js';
import { defaultSettings, schedules, type TrainSettings } from '../settings/settings.js';

/** The flags of `glow-train`. */
export interface Flags extends Partial<Omit<TrainSettings, 'rate' | 'timeBudgetMinutes' | 'labels'>> {
  readonly data: string;
  readonly out: string;
  readonly size?: { readonly height: number; readonly width: number };
  readonly channels?: 1 | 3;
  readonly limit?: number;
  /** The name of the tensor in a safetensors file. */
  readonly tensor?: string;
  readonly recipe?: RecipeName;
  readonly preset?: PresetName;
  readonly levels?: number;
  readonly steps?: number;
  readonly hidden?: number;
  readonly bits?: number;
  readonly lr?: number;
  readonly labels?: string;
  readonly labelFile?: string;
  readonly engine: EngineName | 'auto';
  readonly device: TrainDevice | 'auto';
  readonly memory: Memory | 'auto';
  readonly threads?: number;
  /** In bytes. */
  readonly maxMemory?: number;
  readonly timeBudget?: number;
  readonly init?: string;
  readonly resume: boolean;
  readonly force: boolean;
  readonly open: boolean;
  readonly ranks?: 'mpi';
  readonly json: boolean;
}

/** The program `glow-train` without its action. */
export function createProgram(version: string, terminal: Terminal, name: string): Command {
  const program = onTerminal(new Command(name), terminal)
    .description(
      'Trains a Glow model on images. Ctrl-C saves and ends the run; --resume continues it.\n' +
        `Example: ${name} --data pictures --size 32x32 --out runs/first`,
    )
    .version(version);
  for (const add of [addDataFlags, addModelFlags, addTrainingFlags, addRunFlags]) add(program);
  return program;
}

function addDataFlags(program: Command): void {
  program
    .optionsGroup('Data:')
    .requiredOption(
      '--data <path>',
      'folder of images, CIFAR-10, IDX file, or sheet; or .safetensors file of feature maps',
    )
    .option('--size <HxW>', 'crop and resize images to this height and width in pixels', size)
    .addOption(
      new Option('--channels <n>', '1: grey, 3: colour (default: as the images are)').choices(['1', '3']),
    )
    .option('--limit <n>', 'use only this number of images', number)
    .option('--tensor <name>', 'name of the tensor in a .safetensors file (default: its only one)')
    .option('--label-file <csv>', 'labels of a folder (default: metadata.csv in the folder)')
    .option('--flip', 'mirror half of the training images, left to right')
    .option('--no-flip', 'do not mirror images, whatever the recipe says')
    .option('--shift <n>', 'move training images by up to this number of pixels', number)
    .option(
      '--val-fraction <x>',
      `share of the images held out for validation (default: ${defaultSettings.valFraction})`,
      number,
    );
}

function addModelFlags(program: Command): void {
  program
    .optionsGroup('Model:')
    .addOption(
      new Option(
        '--recipe <name>',
        'model and settings that fit the images; other flags replace its values',
      ).choices(Object.keys(recipes)),
    )
    .addOption(
      new Option('--preset <name>', 'variant of the model (default: tutorial)').choices(Object.keys(presets)),
    )
    .option('--levels <n>', 'levels (default: as many as the size allows, at most 3)', number)
    .option('--steps <n>', 'steps of flow in each level (default: 8)', number)
    .option('--hidden <n>', 'hidden channels of the couplings, a multiple of 4 (default: 64)', number)
    .option('--bits <n>', 'bits per colour channel (default: 8)', number)
    .option('--labels <attribute>', 'train a class-conditional model on this attribute of the data');
}

function addTrainingFlags(program: Command): void {
  const {
    epochs,
    batch,
    dequantisation,
    optimizer,
    beta1,
    beta2,
    rate,
    warmup,
    schedule,
    clip,
    skipOutliers,
    ema,
    seed,
  } = defaultSettings;
  program
    .optionsGroup('Training:')
    .option('--batch <n>', `images per training step (default: ${batch})`, number)
    .option('--epochs <n>', `passes over the images, in whole batches (default: ${epochs})`, number)
    .option(
      '--patience <n>',
      'end after this number of epochs without a better validation, 0: never (default: 0)',
      number,
    )
    .option('--accumulate <n>', 'compute each batch in this number of parts, to save memory', number)
    .addOption(
      new Option(
        '--dequantisation <noise>',
        `noise inside the bins of pixels; variational: a flow of its own, trained and not exported (default: ${dequantisation})`,
      ).choices([...dequantisations]),
    )
    .addOption(new Option('--optimizer <name>', `optimiser (default: ${optimizer})`).choices([...optimizers]))
    .option('--beta1 <x>', `decay of the optimiser's average of gradients (default: ${beta1})`, number)
    .option('--beta2 <x>', `decay of its average of squared gradients (default: ${beta2})`, number)
    .option('--lr <x>', `learning rate (default: ${rate})`, number)
    .option('--warmup <n>', `training steps until the rate is reached (default: ${warmup})`, number)
    .addOption(
      new Option('--schedule <name>', `change of the rate afterwards (default: ${schedule})`).choices([
        ...schedules,
      ]),
    )
    .option('--clip <x>', `largest norm of a gradient (default: ${clip})`, number)
    .option(
      '--skip-outliers <x>',
      `skip steps whose gradient norm is above this multiple of the recent median, 0: never (default: ${skipOutliers})`,
      number,
    )
    .option('--ema <x>', `decay of the averaged weights, 0: no average (default: ${ema})`, number)
    .option('--seed <n>', `seed of all random numbers (default: ${seed})`, number)
    .option('--init <model>', 'start from this checkpoint, or model folder or its address');
}

function addRunFlags(program: Command): void {
  program
    .optionsGroup('Run:')
    .requiredOption('--out <dir>', 'folder of the run, for checkpoints, metrics and report')
    .option('--resume', 'continue the run in --out, with the same --data', false)
    .option('--force', 'replace the run in --out', false)
    .option('--open', 'show the report in a browser while training goes on', false)
    .option(
      '--time-budget <minutes>',
      'end after this time, all pieces of a resumed run together; 0: never (default: 0)',
      number,
    )
    .addOption(
      new Option('--engine <name>', 'library that computes gradients')
        .choices(['auto', ...engines])
        .default('auto'),
    )
    .addOption(
      new Option('--device <name>', 'device to train on').choices(['auto', ...trainDevices]).default('auto'),
    )
    .option('--threads <n>', 'threads on cpu and wasm (default: one per core)', number)
    .addOption(
      new Option('--memory <mode>', 'full: keep all activations, reversible: recompute them')
        .choices(['auto', ...memories])
        .default('auto'),
    )
    .option(
      '--max-memory <GB>',
      'memory that a training step may take with ONNX Runtime (default: what is free)',
      gigabytes,
    )
    .addOption(
      new Option('--ranks <how>', 'train together with the other processes that mpirun has started').choices([
        'mpi',
      ]),
    )
    .option('--json', 'print the result as JSON', false);
}

/** The settings among the flags. Except for the rate and the time budget, they have the name of their flag. */
export function settingsOf({
  lr: rate,
  timeBudget: timeBudgetMinutes,
  ...flags
}: Flags): Partial<TrainSettings> {
  const isSetting = ([name]: [string, unknown]): boolean => name in defaultSettings;
  return given({ ...Object.fromEntries(Object.entries(flags).filter(isSetting)), rate, timeBudgetMinutes });
}

/** The values of a recipe as the flags that would set them. Values that `flags` replace are left out. */
export function recipeFlags({ preset, model, settings }: Recipe, flags: Flags): string {
  const { hiddenChannels: hidden, ...others } = model;
  const { rate: lr, ...learning } = settings;
  return Object.entries(given({ preset, ...others, hidden, ...learning, lr }))
    .filter(([name]) => flags[name as keyof Flags] === undefined)
    .map(([name, value]) => (value === true ? inKebab(name) : `${inKebab(name)} ${value}`))
    .join(' ');
}

/** The flag of a setting: `--val-fraction` for `valFraction`. */
function inKebab(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Flags that are about pictures alone. `--no-flip` does no harm. */
const pictureFlags = [
  'dequantisation',
  'size',
  'channels',
  'labelFile',
  'labels',
  'flip',
  'shift',
  'recipe',
  'bits',
] as const;

/** @throws RangeError if `--tensor` comes with images. */
export function checkTensor({ data, tensor }: Pick<Flags, 'data' | 'tensor'>): void {
  if (tensor === undefined || isTensorFile(data)) return;
  throw new RangeError(`--tensor names a tensor of a .safetensors file, but --data is ${data}; leave it out`);
}

/** @throws RangeError if flags do not fit the kind of data. */
function checkKind(flags: Flags): void {
  checkTensor(flags);
  if (!isTensorFile(flags.data)) return;
  const wrong = pictureFlags.find(
    (name) => flags[name] !== undefined && flags[name] !== false && flags[name] !== 0,
  );
  if (wrong === undefined) return;
  throw new RangeError(`${inKebab(wrong)} is about pictures, but ${flags.data} has numbers; leave it out`);
}

const modelFlags = ['preset', 'levels', 'steps', 'hidden', 'bits'] as const;

/** A size of images that all levels divide, while the images are not read. */
const unknownSize = { height: 1024, width: 1024 };

/** @throws RangeError if no model can be as the flags say. */
function checkModel({ size, levels, steps, hidden: hiddenChannels, bits, preset }: Flags): void {
  const decided = size || (levels && levels <= 10) ? levels : undefined;
  const input = given({ levels: decided, steps, hiddenChannels, bits });
  createConfig({ channels: 3, ...(size ?? unknownSize), ...input }, preset);
}

/** @throws RangeError if flags contradict each other, or a value cannot be. */
export function checkCombination(flags: Flags): void {
  checkKind(flags);
  checkSettings({ ...defaultSettings, batch: Number.MAX_SAFE_INTEGER, ...settingsOf(flags) }); // a run has its own batch
  const startsNew = !flags.resume && flags.init === undefined;
  if (startsNew) checkModel(flags);
  if (flags.labelFile !== undefined && flags.labels === undefined && startsNew) {
    throw new RangeError(
      '--label-file gives the labels of images, but no --labels says which of them a model shall learn; ' +
        'pass --labels with the name of a column of the file, or leave --label-file out',
    );
  }
  if (!flags.resume) return;
  if (flags.recipe !== undefined) {
    throw new RangeError(
      '--resume continues with the settings of the run in --out, but --recipe chooses new ones; pass only one of them',
    );
  }
  if (flags.init !== undefined) {
    throw new RangeError(
      '--resume continues the run in --out, but --init starts a new run; pass only one of them',
    );
  }
  const fixed = modelFlags.find((name) => flags[name] !== undefined);
  if (fixed) {
    throw new RangeError(`--${fixed} is decided by the checkpoint of the run in ${flags.out}; leave it out`);
  }
}

/** An error message with flags instead of the names of settings and options. */
export function inFlags(message: string): string {
  return message
    .replace(/^(?:settings|train|config): (\w+)/, (_, name: string) => {
      if (name === 'rate') return '--lr';
      if (name === 'hiddenChannels') return '--hidden';
      if (name === 'height' || name === 'width') return message.includes('feature maps') ? name : '--size';
      return inKebab(name.replace('Minutes', ''));
    })
    .replace(/^labels: /, '--labels: ')
    .replace('resize the images', 'pass another --size')
    .replaceAll('pass device: ', 'pass --device ');
}

/** @throws InvalidArgumentError if a value on the command line is not a number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

function size(text: string): { height: number; width: number } {
  const [, height, width] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, such as 32x32.');
}
