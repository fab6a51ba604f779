import type { GlowConfig } from '@glow-onnx/flow';
import type { TrainSettings } from '../settings/settings.js';
import type { Pace } from './pace.js';

/** What the first steps of a run say about the rest. Speeds are measured, the rest follows from them. */
export interface Forecast {
  /** Speed of the first steps. */
  readonly imagesPerSecond: number;
  /** Steps that are left and fit into the time budget, and the seconds that they take. */
  readonly stepsLeft: number;
  readonly secondsLeft: number;
  /** Whether the time budget ends the run before its epochs do. */
  readonly endsByTime: boolean;
  /**
   * The steps between which samples of a new model begin to show shapes, and the seconds until then. A rule of thumb
   * from this project's own runs; other images may need more or fewer steps. Absent if the run began from the weights
   * of a checkpoint.
   */
  readonly shapes?: {
    readonly steps: readonly [number, number];
    readonly seconds: readonly [number, number];
  };
  /**
   * The same model with half of the steps of flow in each level, and how many times as fast it would be. Estimated
   * from the number of multiplications, not measured. Absent if the model has one step of flow.
   */
  readonly smaller?: { readonly steps: number; readonly timesAsFast: number };
}

/** Steps of this process after which the speed is known well enough. */
export const FORECAST_STEPS = 10;
/** The steps at which samples of our own runs began to show shapes, outlines of drawings first; see docs/training.md. */
const SHAPES = [300, 1500] as const;

export function forecast(
  step: number,
  steps: number,
  { imagesPerSecond, secondsLeft }: Pick<Pace, 'imagesPerSecond' | 'secondsLeft'>,
  config: GlowConfig,
  { batch }: Pick<TrainSettings, 'batch'>,
  fromWeights: boolean,
): Forecast {
  const stepsPerSecond = imagesPerSecond / batch;
  const left = secondsLeft((steps - step) * batch);
  const stepsLeft = Math.min(steps - step, Math.round(left * stepsPerSecond));
  const until = (at: number): number => Math.max(0, at - step) / stepsPerSecond;
  const half = Math.floor(config.steps / 2);
  return {
    imagesPerSecond,
    stepsLeft,
    secondsLeft: left,
    endsByTime: stepsLeft < steps - step,
    ...(!fromWeights && { shapes: { steps: SHAPES, seconds: [until(SHAPES[0]), until(SHAPES[1])] } }),
    ...(half > 0 &&
      !fromWeights && {
        smaller: {
          steps: half,
          timesAsFast: multiplications(config) / multiplications({ ...config, steps: half }),
        },
      }),
  };
}

/**
 * Multiplications of the convolutions in one pass over one image. Training needs about three times as many. The 1×1
 * convolution of c channels has c² for each pixel; the conditioner has 9·h·c/2 + h² + 9·h·outputs.
 */
export function multiplications(config: GlowConfig): number {
  const { channels, height, width, levels, steps, hiddenChannels: hidden, coupling } = config;
  let sum = 0;
  for (let level = 0; level < levels; level++) {
    const c = channels * 4 * 2 ** level;
    const pixels = (height * width) / 4 ** (level + 1);
    const outputs = coupling === 'additive' ? c / 2 : c;
    sum += steps * pixels * (c ** 2 + 9 * hidden * (c / 2) + hidden ** 2 + 9 * hidden * outputs);
  }
  return sum;
}
