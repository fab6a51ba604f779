import { printable } from '@glow-onnx/flow/internal';
import {
  describeLeftOut,
  forCommands,
  printableLines,
  type Terminal,
} from '@glow-onnx/runtime/internal-node';
import { Presets, SingleBar } from 'cli-progress';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import type { OpenedDevice } from '../engine/opened-device.js';
import { count, duration, speed } from '../report/numbers.js';
import { endsByTime, type Progress } from '../report/progress.js';
import type { Forecast } from '../run/forecast.js';
import type { RecipeName } from '../settings/recipes.js';
import type { TrainedModel } from '../settings/trained-models.js';
import { describeForecast } from './describe-forecast.js';

/** A terminal whose stderr is a stream, which a progress bar needs. */
export interface StreamTerminal extends Terminal {
  readonly stderr: NodeJS.WritableStream & Terminal['stderr'];
}

/** Shows a run on stderr: as a bar on a terminal, elsewhere as a line every ten seconds. */
export interface Display {
  reading(done: number, total: number): void;
  opened(data: TrainingData): void;
  device(opened: OpenedDevice): void;
  recipe(name: RecipeName, flags: string): void;
  /** The recipe that fits data for which none was chosen. */
  proposal(name: RecipeName): void;
  /** A trained model that a run on such data may start from. */
  trained(model: TrainedModel): void;
  training(progress: Progress): void;
  forecast(forecast: Forecast): void;
  /** The run starts from a model that is trained already. */
  startsTrained(): void;
  note(text: string): void;
  warning(message: string): void;
  stop(): void;
}

const LINE_SECONDS = 10;
/** With fewer steps, no model learns anything visible. */
const FEW_STEPS = 500;

export function createDisplay({ stderr }: StreamTerminal): Display {
  let bar: SingleBar | undefined;
  let engine: string | undefined;
  let isTrained = false;
  let lineAt = Number.NEGATIVE_INFINITY;

  const show = (label: string, counts: string, share: number, parts: readonly Part[]): void => {
    const columns = stderr.columns ?? Number.POSITIVE_INFINITY;
    const barsize = Math.max(6, Math.min(16, Math.floor(columns / 8)));
    const note = fit(parts, columns - label.length - barsize - 3);
    if (stderr.isTTY) {
      if (!bar) {
        const look = { stream: stderr, format: '{label} {bar} {note}', barsize, hideCursor: true };
        bar = new SingleBar(look, Presets.shades_classic);
        bar.start(1, share, { label, note });
      }
      bar.update(share, { label, note });
    } else if (performance.now() - lineAt > 1000 * LINE_SECONDS) {
      lineAt = performance.now();
      stderr.write(`${label} ${counts} ${note}\n`);
    }
  };
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const line = (text: string): void => {
    stop();
    stderr.write(`${printableLines(text)}\n`);
  };

  return {
    reading: (done, total) => show('reading data', `${done}/${total}`, done / total, []),
    opened(data) {
      const { name, count: items, channels, height, width, skipped, leftOut } = data;
      line(
        `${name}: ${count(items, isNumbers(data) ? 'feature map' : 'image')} of ${channels}×${height}×${width}`,
      );
      const besides = describeLeftOut(leftOut);
      if (besides !== undefined) line(`  ${printable(besides)}`);
      for (const { file, reason } of skipped)
        line(`  skipped ${printable(file)}: ${printable(forCommands(reason))}`);
    },
    device({ device, engine, skipped }) {
      if (engine !== undefined) line(`engine: ${engine}`);
      if (skipped.length === 0) return;
      line(`device: ${device}, the fastest that works here. These may be faster:`);
      for (const { device, use, reason } of skipped) line(`  ${device} ${use}: ${inFlags(reason)}`);
    },
    recipe: (name, flags) => line(`recipe ${name}: ${flags}`),
    proposal: (name) =>
      line(`  without --recipe, every setting has its default. For these images: --recipe ${name}`),
    trained: ({ folder, shows }) =>
      line(
        `  ${folder} has learned ${shows}: --init ${folder} starts from its weights, which takes fewer steps`,
      ),
    startsTrained() {
      isTrained = true;
    },
    forecast: (found) => {
      for (const text of describeForecast(found)) line(text);
    },
    training(progress) {
      const { phase, epochs, step, stepsPerEpoch } = progress;
      const steps = epochs * stepsPerEpoch;
      if (engine === undefined) {
        engine = progress.engine;
        line(`${engine}; ${count(stepsPerEpoch, 'step')} per epoch`);
        if (steps < FEW_STEPS && !isTrained) {
          line(
            `  ${count(steps, 'step')} in all: samples will be noise. A model needs thousands of steps: add images or --epochs.`,
          );
        }
      }
      if (endsByTime(progress)) show(phase, `${step}`, progress.timeUsed, notes(progress));
      else show(phase, `${step}/${steps}`, step / steps, notes(progress));
    },
    note: line,
    warning: (message) => line(`warning: ${message}`),
    stop,
  };
}

/** The reason with flags instead of the names of options. */
function inFlags(reason: string): string {
  return reason.replaceAll(/\bdevice: "([\w-]+)"/g, '--device $1');
}

type Part = readonly [weight: number, text: string];

/** Waiting for images is shown above this share of the time. */
const LEAST_WAITING = 0.02;

function notes(progress: Progress): Part[] {
  const { epoch, epochs, bitsPerDim, best, imagesPerSecond, waiting, secondsLeft, dequantisation } = progress;
  const bound = dequantisation === 'variational' ? ' (variational bound)' : '';
  return [
    [2, `epoch ${Math.min(epoch + 1, epochs)}${endsByTime(progress) ? '' : `/${epochs}`}`],
    [5, `${bitsPerDim.toFixed(2)} bits/dim${bound}`],
    ...(Number.isFinite(best) ? [[1, `best ${best.toFixed(2)}`] as const] : []),
    ...(imagesPerSecond > 0 ? [[3, `${speed(imagesPerSecond)}/s`] as const] : []),
    ...(waiting >= LEAST_WAITING ? [[1, `waits ${Math.round(100 * waiting)}%`] as const] : []),
    ...(Number.isFinite(secondsLeft) ? [[4, `${duration(secondsLeft)} left`] as const] : []),
  ];
}

/** All parts or, if they need more columns, those with the largest weights. */
function fit(parts: readonly Part[], columns: number): string {
  const text = parts.map(([, part]) => part).join(', ');
  if (text.length <= columns || parts.length < 2) return text;
  const least = Math.min(...parts.map(([weight]) => weight));
  return fit(
    parts.toSpliced(
      parts.findLastIndex(([weight]) => weight === least),
      1,
    ),
    columns,
  );
}
