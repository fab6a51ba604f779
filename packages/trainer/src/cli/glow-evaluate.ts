import { type Checkpoint, parseCheckpoint } from '@glow-onnx/flow';
import { takesPixels } from '@glow-onnx/flow/internal';
import { messageOf, version } from '@glow-onnx/runtime/internal';
import {
  type Advice,
  given,
  isTensorFile,
  onTerminal,
  printableLines,
  readWholeFile,
  runCommand,
  runProgram,
  type Terminal,
  table,
} from '@glow-onnx/runtime/internal-node';
import { Command } from 'commander';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import { openDataset } from '../data/open-dataset.js';
import { openNumbers } from '../data/open-numbers.js';
import { count } from '../report/numbers.js';
import { type Evaluation, evaluateCheckpoint } from '../run/evaluate.js';
import { checkTensor, number } from './flags.js';

interface Flags {
  readonly data: string;
  readonly all: boolean;
  readonly draws: number;
  readonly limit?: number;
  readonly tensor?: string;
  readonly labels?: string;
  readonly labelFile?: string;
  readonly threads?: number;
  readonly json: boolean;
}

/** Runs the command that scores images by a checkpoint as this process, and sets the exit code. */
export async function glowEvaluate(program: string, argv: readonly string[]): Promise<void> {
  await runCommand(program, argv, (args, terminal, signal) => evaluateMain(args, terminal, signal, program));
}

/** @returns the exit code: 0, 1 for an error, 2 for wrong usage, 128 and the number of the signal. */
export async function evaluateMain(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
  name = 'glow-onnx evaluate',
): Promise<number> {
  const program = onTerminal(new Command(name), terminal)
    .description(
      'Scores held-out images by a checkpoint: bits/dim by the uniform bound and, if the model was trained with it, by ' +
        'the variational bound.',
    )
    .version(version)
    .argument('<checkpoint>', 'checkpoint of a run, such as runs/mine/best.safetensors')
    .requiredOption('--data <path>', 'the data of the run, or with --all other data')
    .option(
      '--all',
      'score all images of the data, such as a test set, not only those that the run held out',
      false,
    )
    .option('--draws <n>', 'draws of noise for each image', number, 1)
    .option('--limit <n>', 'use only this number of images, as the run did', number)
    .option('--tensor <name>', 'name of the tensor in a .safetensors file (default: its only one)')
    .option('--labels <attribute>', 'attribute of the data that is the class (default: that of the run)')
    .option('--label-file <csv>', 'labels of a folder (default: metadata.csv in the folder)')
    .option('--threads <n>', 'threads (default: one per core)', number)
    .option('--json', 'print the result as JSON', false)
    .action(async (file: string, flags: Flags) => {
      checkTensor(flags);
      const checkpoint = await readCheckpoint(file);
      const data = await openData(checkpoint, flags, signal);
      try {
        const { draws, all, threads, labels } = flags;
        const evaluation = await evaluateCheckpoint(checkpoint, data, {
          draws,
          all,
          signal,
          ...given({ threads, labels }),
        });
        const { warning } = evaluation;
        if (warning !== undefined) terminal.stderr.write(`${printableLines(`warning: ${warning}`)}\n`);
        const text = flags.json ? JSON.stringify(evaluation) : describe(evaluation, data);
        terminal.stdout.write(`${printableLines(text)}\n`);
      } finally {
        await data.close();
      }
    });
  return runProgram(program, argv, terminal, {
    signal,
    isInterrupt: (error) => signal.aborted && error === signal.reason,
    interrupted: 'interrupted',
    advice,
    inFlags: (message) => message.replace(/^labels: /, '--labels: '),
  });
}

const fitting = 'pass images of the size and channels of the model'; // which decides how images are read

const advice: Advice = {
  size: fitting,
  channels: fitting,
  'other data':
    'pass the same data, with the --limit of the run if it had one, or --all to score these images',
};

async function readCheckpoint(file: string): Promise<Checkpoint> {
  const bytes = await readWholeFile(file);
  try {
    return parseCheckpoint(bytes);
  } catch (cause) {
    throw new Error(`${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** The data in the size and channels of the model. */
function openData(
  { config }: Checkpoint,
  { data, limit, tensor, labelFile }: Flags,
  signal: AbortSignal,
): Promise<TrainingData> {
  if (isTensorFile(data)) return openNumbers(data, { ...given({ limit, tensor }), signal });
  const { channels, height, width } = config;
  return openDataset(data, {
    ...given({ limit, labelFile }),
    size: { height, width },
    ...(takesPixels(config) && (channels === 1 || channels === 3) && { channels }),
    signal,
  });
}

function describe({ images, heldOut, draws, bitsPerDim }: Evaluation, data: TrainingData): string {
  const items = `${data.name}: ${count(images, isNumbers(data) ? 'feature map' : 'image')}`;
  const scored = heldOut ? `${items} that the run held out` : items;
  if (isNumbers(data)) return `${scored}\nbits/dim of the density: ${bitsPerDim.uniform?.mean.toFixed(4)}`;
  const rows = Object.entries(bitsPerDim).map(([kind, { mean, importance }]) => [
    `${kind} noise`,
    mean.toFixed(4),
    importance.toFixed(4),
  ]);
  const head = ['bits/dim', 'mean of draws', 'importance-weighted'];
  return `${scored}, ${count(draws, 'draw')} of noise each\n${table([head, ...rows])}`;
}
