import type { Terminal } from '@glow-onnx/runtime/internal-node';
import { Presets, SingleBar } from 'cli-progress';
import type { Dataset } from '../data/dataset.js';
import type { Progress } from '../run/progress.js';
import type { OpenedDevice } from '../tfjs/device.js';

/** A terminal whose stderr is a stream, which a progress bar needs. */
export interface StreamTerminal extends Terminal {
  readonly stderr: NodeJS.WritableStream & Terminal['stderr'];
}

/** Shows a run on stderr: bars on a terminal, now and then a line elsewhere. */
export interface Display {
  reading(done: number, total: number): void;
  opened(data: Dataset): void;
  device(opened: OpenedDevice): void;
  training(progress: Progress): void;
  warning(message: string): void;
  stop(): void;
}

const LINE_SECONDS = 10;
/** Part of the time spent on waiting for images. */
const WORTH_SAYING = 0.02;
/** Below this no picture of any kind is learnt. */
const FEW_STEPS = 500;

/** 1 step, 2 steps. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

export function createDisplay({ stderr }: StreamTerminal): Display {
  let bar: SingleBar | undefined;
  let engine: string | undefined;
  let lineAt = Number.NEGATIVE_INFINITY;

  /** One bar at a time; a new label starts a new bar. */
  const show = (label: string, value: number, total: number, parts: readonly Part[]): void => {
    const columns = stderr.columns ?? Number.POSITIVE_INFINITY;
    const barsize = Math.max(6, Math.min(16, Math.floor(columns / 8)));
    const note = fit(parts, columns - label.length - barsize - 3);
    if (stderr.isTTY) {
      if (!bar) {
        const look = {
          stream: stderr,
          format: '{label} {bar} {note}',
          barsize,
          hideCursor: true,
        };
        bar = new SingleBar(look, Presets.shades_classic);
        bar.start(total, value, { label, note });
      }
      bar.setTotal(total);
      bar.update(value, { label, note });
    } else if (performance.now() - lineAt > 1000 * LINE_SECONDS) {
      lineAt = performance.now();
      stderr.write(`${label} ${value}/${total} ${note}\n`);
    }
  };
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const line = (text: string): void => {
    stop();
    stderr.write(`${text}\n`);
  };

  return {
    reading: (done, total) => show('reading pictures', done, total, []),
    opened({ name, count: pictures, channels, height, width, skipped }) {
      line(`${name}: ${count(pictures, 'picture')} of ${channels}×${height}×${width}`);
      for (const { file, reason } of skipped) line(`  left out ${file}: ${reason}`);
    },
    device({ device, engine, skipped }) {
      if (engine !== undefined) line(`engine: ${engine}`);
      if (skipped.length === 0) return;
      line(`device ${device} is the fastest that works here; faster may be`);
      for (const { device, use, reason } of skipped) line(`  ${device} ${use}: ${inFlags(reason)}`);
    },
    training(progress) {
      const { phase, epoch, epochs, step, stepsPerEpoch, best } = progress;
      if (engine === undefined) {
        engine = progress.engine;
        line(`${engine}; ${count(stepsPerEpoch, 'step')} an epoch`);
        const steps = epochs * stepsPerEpoch;
        if (steps < FEW_STEPS) {
          line(
            `  ${count(steps, 'step')} in all: samples will be noise. More pictures or --epochs; thousands of steps count.`,
          );
        }
      }
      const { bitsPerDim, imagesPerSecond: speed, secondsLeft, waiting } = progress;
      const note: Part[] = [
        [2, `epoch ${Math.min(epoch + 1, epochs)}/${epochs}`],
        [5, `${bitsPerDim.toFixed(2)} bits/dim`],
        ...(Number.isFinite(best) ? [[1, `best ${best.toFixed(2)}`] as const] : []),
        ...(speed > 0 ? [[3, `${speed.toFixed(speed < 10 ? 1 : 0)}/s`] as const] : []),
        ...(waiting >= WORTH_SAYING ? [[1, `waits ${Math.round(100 * waiting)}%`] as const] : []),
        ...(Number.isFinite(secondsLeft) ? [[4, `${duration(secondsLeft)} left`] as const] : []),
      ];
      show(phase, step, epochs * stepsPerEpoch, note);
    },
    warning: (message) => line(`warning: ${message}`),
    stop,
  };
}

/** Reasons name options as a program gives them; who typed a command knows its flags. */
function inFlags(reason: string): string {
  return reason.replaceAll(/\bdevice: "([\w-]+)"/g, '--device $1');
}

type Part = readonly [weight: number, text: string];

/** All parts, or as many as the columns take, those of most weight. */
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

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes >= 60
    ? `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
    : `${minutes}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`;
}
