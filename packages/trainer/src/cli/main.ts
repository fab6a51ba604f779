import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type ConfigInput, createConfig, type GlowConfig } from '@glow-onnx/flow';
import {
  exitCodeOf,
  given,
  isTensorFile,
  keepInputs,
  printableLines,
  runProgram,
} from '@glow-onnx/runtime/internal-node';
import type { DatasetOptions } from '../data/dataset.js';
import { findLabels } from '../data/labels.js';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import { openDataset } from '../data/open-dataset.js';
import { openNumbers } from '../data/open-numbers.js';
import { checkpointPaths, readRun, writtenBy } from '../folder/read-run.js';
import { openMpi } from '../ranks/open-mpi.js';
import { alone, type Ranks } from '../ranks/ranks.js';
import { type LiveReport, serveReport } from '../report/live-report.js';
import { count, speed } from '../report/numbers.js';
import { checkPlace } from '../run/check-place.js';
import type { TrainResult } from '../run/loop.js';
import { type TrainOptions, train } from '../run/train.js';
import { proposeRecipe, type Recipe, type RecipeGiven, recipeFor, recipeSize } from '../settings/recipes.js';
import { shippedModels, trainedModelFor } from '../settings/trained-models.js';
import { checkCombination, createProgram, type Flags, inFlags, recipeFlags, settingsOf } from './flags.js';
import { createDisplay, type Display, type StreamTerminal } from './progress-display.js';
import { compareWithData, type Init, readInit } from './start-from.js';

/**
 * The command `glow-train`. It writes the result to stdout, progress to stderr, and an error as one line to stderr.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 128 and the number of the signal if `signal` ended training.
 */
export async function main(
  argv: readonly string[],
  version: string,
  terminal: StreamTerminal,
  signal: AbortSignal,
  name = 'glow-train',
): Promise<number> {
  let code = 0;
  let ranks = alone;
  const userSignal = new AbortController();
  const interrupt = AbortSignal.any([signal, userSignal.signal]);
  const program = createProgram(version, terminal, name).action(async (flags: Flags) => {
    if (flags.ranks) {
      // The signal that mpirun passes on to all ranks. After Ctrl-C or SIGTERM it ends them at once.
      process.on('SIGUSR2', () => userSignal.abort(new Error('interrupted by SIGUSR2')));
      ranks = openMpi();
    }
    const { stdout, stderr } = ranks.rank === 0 ? terminal : silent;
    const result = await run(flags, { stdout, stderr }, interrupt, ranks);
    stdout.write(`${flags.json ? JSON.stringify(result) : printableLines(describe(result, flags))}\n`);
    if (result.ended === 'signal' && ranks.rank === 0) code = exitCodeOf(interrupt);
  });
  const failed = await runProgram(program, argv, terminal, {
    signal: interrupt,
    // An error of saving after the signal is told as what it is.
    isInterrupt: (error) => interrupt.aborted && error === interrupt.reason,
    interrupted: 'interrupted before training began',
    inFlags: (message) => (ranks.size > 1 ? `rank ${ranks.rank}: ` : '') + inFlags(message),
  });
  if (failed > 0) ranks.abort(failed);
  else ranks.finalize(); // the others wait here for rank 0, which may still write
  return failed || code;
}

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
/** For ranks other than 0, which have nothing else to say. Their errors are told all the same. */
const silent: StreamTerminal = { stdout: nowhere, stderr: nowhere };

async function run(
  flags: Flags,
  terminal: StreamTerminal,
  signal: AbortSignal,
  ranks: Ranks,
): Promise<TrainResult> {
  checkCombination(flags);
  await checkPlace(flags.out, [flags.data]); // before the images are read; links in the folder are followed later
  const display = createDisplay(terminal);
  let data: TrainingData | undefined;
  let live: LiveReport | undefined;
  try {
    const init = flags.init === undefined ? undefined : await readInit(flags.init, flags, signal);
    if (init) keepInputs(checkpointPaths(flags.out), [init.path]); // a run replaces them
    // A resumed run knows the size and channels of its images.
    const known = flags.resume ? (await readRun(flags.out)).checkpoint.config : undefined;
    data = await openData(flags, init, known, { onProgress: display.reading, signal });
    display.opened(data);
    if (init) {
      display.startsTrained();
      for (const text of compareWithData(init, data, flags.labels)) display.note(text);
    }
    live = flags.open && ranks.rank === 0 ? await showLive(flags.out, display, terminal) : undefined;
    const recipe = flags.recipe && recipeFor(flags.recipe, data, recipeGiven(flags));
    if (flags.recipe && recipe) {
      const used = init ? { model: {}, settings: recipe.settings } : recipe; // the model is the checkpoint's
      display.recipe(flags.recipe, recipeFlags(used, flags));
    }
    if (!flags.resume && !init) await propose(flags, data, display);
    return await train({
      start: startOf(flags, init, data, recipe),
      data,
      out: flags.out,
      settings: { ...recipe?.settings, ...settingsOf(flags) },
      engine: flags.engine,
      device: flags.device,
      memory: flags.memory,
      force: flags.force,
      signal,
      ranks,
      onDevice: display.device,
      onProgress: display.training,
      onForecast: display.forecast,
      onWarning: display.warning,
      ...given({ threads: flags.threads, maxMemory: flags.maxMemory }),
    });
  } finally {
    display.stop();
    await live?.close();
    await data?.close();
  }
}

/** Opens `--data`: a safetensors file has numbers, everything else images. */
function openData(
  { data, tensor, size, limit, labelFile, recipe, ...flags }: Flags,
  init: Init | undefined,
  known: GlowConfig | undefined,
  listeners: Pick<DatasetOptions, 'onProgress' | 'signal'>,
): Promise<TrainingData> {
  if (isTensorFile(data)) return openNumbers(data, { ...given({ tensor, limit }), ...listeners });
  const channels = Number(flags.channels ?? known?.channels) as 1 | 3;
  return openDataset(data, {
    ...given({ size: size ?? known, limit, labelFile }),
    ...(recipe && { sizeOfLarge: recipeSize }),
    ...(channels && { channels }),
    ...(init?.preferred && { preferred: init.preferred }),
    ...listeners,
  });
}

/** Serves the report and, if a person sits at a terminal, opens it. Without a browser, its address is enough. */
async function showLive(out: string, display: Display, { stderr }: StreamTerminal): Promise<LiveReport> {
  const live = await serveReport(out);
  display.note(`report: ${live.url}`);
  if (stderr.isTTY) {
    const { default: open } = await import('open');
    const browser = await open(live.url).catch(() => undefined);
    browser?.on('error', () => {});
  }
  return live;
}

/** With fewer images, samples and scores of a new model say little. */
const FEW_IMAGES = 100;

/** Says which recipe fits, if none was chosen, and which trained model that lies here a new run could start from. */
async function propose({ recipe }: Flags, data: TrainingData, display: Display): Promise<void> {
  if (isNumbers(data)) return;
  if (data.count < FEW_IMAGES)
    display.note('  few images: a Glow needs thousands, and learns so few by heart');
  const kind = recipe === 'photos' || recipe === 'drawings' ? recipe : await proposeRecipe(data);
  if (!recipe) display.proposal(kind);
  const here = shippedModels.filter(({ folder }) => existsSync(join(folder, 'manifest.json')));
  const model = trainedModelFor(data, kind, here);
  if (model) display.trained(model);
}

function startOf(
  flags: Flags,
  init: Init | undefined,
  data: TrainingData,
  recipe: Recipe | undefined,
): TrainOptions['start'] {
  if (flags.resume) return 'resume';
  return init ? { init: init.checkpoint } : { config: configOf(flags, data, recipe) };
}

/** The config of a new model for the data. @throws RangeError if the data does not have the labels. */
function configOf(
  { labels, preset: wanted, hidden: hiddenChannels, ...flags }: Flags,
  data: TrainingData,
  recipe: Recipe | undefined,
): GlowConfig {
  const { channels, height, width } = data;
  const { levels, steps, bits } = flags;
  const preset = wanted ?? recipe?.preset;
  const attribute = labels === undefined ? undefined : findLabels(data, labels);
  const input: ConfigInput = {
    ...{ channels, height, width },
    ...recipe?.model,
    ...given({ levels, steps, hiddenChannels, bits }),
    ...(isNumbers(data) && { bits: 0 }),
    ...(attribute && {
      prior: preset === 'bounded' ? 'bounded' : 'learned',
      topPrior: 'channel',
      classes: attribute.values.length,
    }),
  };
  return createConfig(input, preset);
}

function recipeGiven({ batch, valFraction, timeBudget: timeBudgetMinutes }: Flags): RecipeGiven {
  return given({ batch, valFraction, timeBudgetMinutes });
}

function describe(result: TrainResult, { out, data }: Flags): string {
  const { ended, bitsPerDim, steps, epochs, images, skipped, rolledBack, seconds } = result;
  const why = {
    epochs: 'all epochs done',
    time: 'time budget used up (--resume with a larger --time-budget continues the run)',
    signal: 'interrupted (--resume continues the run)',
    patience: 'no better validation within --patience',
  }[ended];
  const amount = [count(steps, 'step'), count(epochs, 'epoch'), count(images, 'image')].join(', ');
  return [
    `${why}: ${amount} in ${(seconds / 60).toFixed(1)} min (${speed(images / seconds)} images/s)`,
    `bits/dim of ${isTensorFile(data) ? 'the density of held-out feature maps' : `held-out images, ${result.dequantisation} bound`}: ${bitsPerDim.before.toFixed(3)} before, ${bitsPerDim.best.toFixed(3)} at best`,
    ...(skipped + rolledBack > 0
      ? [`${count(skipped, 'step')} skipped as outliers, ${rolledBack} undone because not finite`]
      : []),
    `wrote ${out}: ${writtenBy(out).join(', ')}`,
  ].join('\n');
}
