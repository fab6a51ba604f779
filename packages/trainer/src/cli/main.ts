import {
  type ConfigInput,
  createConfig,
  type GlowConfig,
  type PresetName,
  parseCheckpoint,
  presets,
} from '@glow-onnx/flow';
import { given, onTerminal, readWholeFile, runProgram } from '@glow-onnx/runtime/internal-node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type EngineName, engines, type TrainDevice } from '../assembly/open-differentiator.js';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/open-dataset.js';
import { readRun } from '../folder/run-folder.js';
import { type Memory, memories } from '../onnxruntime/training-graph.js';
import type { TrainResult } from '../run/loop.js';
import { type TrainOptions, train } from '../run/train.js';
import { defaultSettings, optimizers, schedules, type TrainSettings } from '../settings/settings.js';
import { count, createDisplay, type StreamTerminal } from './progress-display.js';

interface Flags extends Partial<Omit<TrainSettings, 'rate' | 'labels'>> {
  readonly data: string;
  readonly out: string;
  readonly size?: { readonly height: number; readonly width: number };
  readonly channels?: 1 | 3;
  readonly limit?: number;
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
  readonly timeBudget?: number;
  readonly init?: string;
  readonly resume: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

/**
 * The command `glow-train`. The result goes to stdout, progress to stderr, an error is one line on stderr.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 130 if `signal` ended training.
 */
export async function main(
  argv: readonly string[],
  version: string,
  terminal: StreamTerminal,
  signal: AbortSignal,
): Promise<number> {
  let code = 0;
  const program = createProgram(version, terminal).action(async (flags: Flags) => {
    const result = await run(flags, terminal, signal);
    terminal.stdout.write(`${flags.json ? JSON.stringify(result) : describe(result, flags.out)}\n`);
    if (result.ended === 'signal') code = 130;
  });
  const interrupted = 'interrupted before training began';
  return (await runProgram(program, argv, terminal, { signal, interrupted, inFlags })) || code;
}

function createProgram(version: string, terminal: StreamTerminal): Command {
  const { epochs, batch, optimizer, rate, warmup, schedule, clip, skipOutliers, ema, valFraction, seed } =
    defaultSettings;
  return onTerminal(new Command('glow-train'), terminal)
    .description('Train a Glow on pictures. Ctrl-C saves and ends; --resume goes on.')
    .version(version)
    .optionsGroup('Data:')
    .requiredOption('--data <path>', 'folder of pictures, CIFAR-10, IDX file, or sheet')
    .option('--size <HxW>', 'crop and resize pictures to this height and width', size)
    .addOption(
      new Option('--channels <n>', 'grey or colour (default: as the pictures are)').choices(['1', '3']),
    )
    .option('--limit <n>', 'take this many pictures', number)
    .option('--label-file <csv>', "a folder's labels (default: its metadata.csv)")
    .option('--flip', 'mirror half of the training pictures, left to right')
    .option('--shift <n>', 'move training pictures by up to so many pixels', number)
    .option('--val-fraction <x>', `part held out for validation (default: ${valFraction})`, number)
    .optionsGroup('Model:')
    .addOption(new Option('--preset <name>', 'variant (default: tutorial)').choices(Object.keys(presets)))
    .option('--levels <n>', 'levels (default: the most up to 3 that the size divides by)', number)
    .option('--steps <n>', 'steps of flow per level (default: 8)', number)
    .option('--hidden <n>', 'hidden channels of the couplings, a multiple of 4 (default: 64)', number)
    .option('--bits <n>', 'bits per colour channel (default: 8)', number)
    .option('--labels <attribute>', 'train a class-conditional model on this attribute of the data')
    .optionsGroup('Training:')
    .option('--batch <n>', `images per step (default: ${batch})`, number)
    .option('--epochs <n>', `passes over the pictures, in whole batches (default: ${epochs})`, number)
    .option(
      '--patience <n>',
      'end after so many epochs without a better validation, 0: never (default: 0)',
      number,
    )
    .option('--accumulate <n>', 'compute each batch in so many parts, to need less memory', number)
    .addOption(new Option('--optimizer <name>', `(default: ${optimizer})`).choices(optimizers))
    .option('--lr <x>', `learning rate (default: ${rate})`, number)
    .option('--warmup <n>', `steps over which the rate rises (default: ${warmup})`, number)
    .addOption(
      new Option('--schedule <name>', `what the rate does then (default: ${schedule})`).choices(schedules),
    )
    .option('--clip <x>', `largest norm of a gradient (default: ${clip})`, number)
    .option(
      '--skip-outliers <x>',
      `leave out gradients so many times the usual norm, 0: none (default: ${skipOutliers})`,
      number,
    )
    .option(
      '--ema <x>',
      `decay of the averaged weights that are kept, 0: no average (default: ${ema})`,
      number,
    )
    .option('--seed <n>', `decides everything random (default: ${seed})`, number)
    .option('--init <checkpoint>', 'start from these weights')
    .optionsGroup('Run:')
    .requiredOption('--out <dir>', 'folder of the run: checkpoints, metrics, report')
    .option('--resume', 'go on with the run in --out, on the same --data', false)
    .option('--force', 'replace a run that is there', false)
    .option('--time-budget <minutes>', 'end after so long', number)
    .addOption(
      new Option('--engine <name>', 'what computes gradients').choices(['auto', ...engines]).default('auto'),
    )
    .addOption(
      new Option('--device <name>', 'backend')
        .choices(['auto', 'cpu', 'cuda', 'webgpu', 'wasm', 'node', 'node-gpu'])
        .default('auto'),
    )
    .option('--threads <n>', 'threads on cpu and wasm (default: one per core)', number)
    .addOption(
      new Option('--memory <what>', 'activations of a step: keep all, or compute them again going back')
        .choices(['auto', ...memories])
        .default('auto'),
    )
    .option('--json', 'print the result as JSON', false);
}

async function run(flags: Flags, terminal: StreamTerminal, signal: AbortSignal): Promise<TrainResult> {
  checkCombination(flags);
  const display = createDisplay(terminal);
  let data: Dataset | undefined;
  try {
    // A run that goes on knows what pictures it takes.
    const known = await storedConfig(flags);
    const channels = Number(flags.channels ?? known?.channels) as 1 | 3;
    const { limit, labelFile } = flags;
    data = await openDataset(flags.data, {
      ...given({ size: flags.size ?? (flags.resume ? known : undefined), limit, labelFile }),
      ...(channels && { channels }),
      onProgress: display.reading,
      signal,
    });
    display.opened(data);
    return await train({
      start: await startOf(flags, data),
      data,
      out: flags.out,
      settings: settingsOf(flags),
      engine: flags.engine,
      device: flags.device,
      memory: flags.memory,
      force: flags.force,
      signal,
      onDevice: display.device,
      onProgress: display.training,
      onWarning: display.warning,
      ...given({ threads: flags.threads, timeBudgetMinutes: flags.timeBudget }),
    });
  } finally {
    display.stop();
    await data?.close();
  }
}

/** The settings among flags: all but the rate have the name of their flag. */
function settingsOf({ lr: rate, ...flags }: Flags): Partial<TrainSettings> {
  const isSetting = ([name]: [string, unknown]): boolean => name in defaultSettings;
  return given({ ...Object.fromEntries(Object.entries(flags).filter(isSetting)), rate });
}

async function storedConfig(flags: Flags): Promise<GlowConfig | undefined> {
  if (flags.resume) return (await readRun(flags.out)).checkpoint.config;
  return undefined;
}

const modelFlags = ['preset', 'levels', 'steps', 'hidden', 'bits'] as const;

/** @throws RangeError if flags contradict each other. */
function checkCombination(flags: Flags): void {
  const source = flags.resume ? '--resume' : flags.init;
  if (flags.resume && flags.init !== undefined) {
    throw new RangeError(
      '--resume goes on with the run in --out and --init starts a new one; pass one of them',
    );
  }
  const checkpoint = flags.init ?? `the run in ${flags.out}`;
  const fixed = modelFlags.find((name) => source !== undefined && flags[name] !== undefined);
  if (fixed) throw new RangeError(`--${fixed} is decided by the checkpoint of ${checkpoint}; leave it out`);
}

async function startOf(flags: Flags, data: Dataset): Promise<TrainOptions['start']> {
  if (flags.resume) return 'resume';
  if (flags.init !== undefined) {
    try {
      return { init: parseCheckpoint(await readWholeFile(flags.init)) };
    } catch (cause) {
      throw new Error(`${flags.init}: ${(cause as Error).message}`, { cause });
    }
  }
  if (flags.labels !== undefined && !data.labels?.[flags.labels]) {
    const found = Object.keys(data.labels ?? {}).join(', ') || 'none';
    throw new RangeError(`--labels: ${data.name} has no attribute "${flags.labels}" (found: ${found})`);
  }
  const { channels, height, width } = data;
  const { levels, steps, hidden: hiddenChannels, bits } = flags;
  const input: ConfigInput = {
    ...{ channels, height, width },
    ...given({ levels, steps, hiddenChannels, bits }),
    ...(flags.labels !== undefined && {
      prior: 'learned',
      topPrior: 'channel',
      classes: data.labels?.[flags.labels]?.values.length ?? 1,
    }),
  };
  return { config: createConfig(input, flags.preset) };
}

function describe(result: TrainResult, out: string): string {
  const { ended, bitsPerDim, steps, epochs, images, skipped, rolledBack, seconds, imagesPerSecond } = result;
  const why = {
    epochs: 'all epochs done',
    time: 'time is up',
    signal: 'interrupted; --resume goes on',
    patience: 'out of patience: validation got no better',
  }[ended];
  return [
    `${why}: ${count(steps, 'step')}, ${count(epochs, 'epoch')}, ${count(images, 'image')} in ` +
      `${(seconds / 60).toFixed(1)} min (${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s)`,
    `bits/dim on held-out pictures: ${bitsPerDim.before.toFixed(3)} before, ${bitsPerDim.best.toFixed(3)} at best`,
    ...(skipped + rolledBack > 0
      ? [`left out: ${count(skipped, 'step')} of outlying gradients, ${rolledBack} that were not finite`]
      : []),
    `wrote ${out}: best.safetensors, last.safetensors, metrics.jsonl, pictures, report.html`,
  ].join('\n');
}

/** Errors name settings as a program gives them; who typed a command knows its flags. */
function inFlags(message: string): string {
  return message.replace(/^(?:settings|train): (\w+)/, (_, name: string) => {
    if (name === 'rate') return '--lr';
    return `--${name.replace('Minutes', '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  });
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

function size(text: string): { height: number; width: number } {
  const [, height, width] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, such as 32x32.');
}
