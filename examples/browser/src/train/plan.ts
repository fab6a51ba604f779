import { createConfig, type GlowConfig } from '@glow-onnx/flow';

/** The sides of the pictures that a model can be trained on here, in pixels. */
export const sides = [16, 32] as const;
export type Side = (typeof sides)[number];

/** With fewer pictures, two or three would be held out and the score would mean nothing. */
export const leastPictures = 20;
/** More take the browser's memory and bring little in the minutes of a visit. */
export const mostPictures = 5000;

/** The choices of a training run. */
export interface Plan {
  readonly config: GlowConfig;
  /** Pictures of a step. */
  readonly batch: number;
  /** Learning rate after `warmup` steps. */
  readonly rate: number;
  readonly warmup: number;
}

/** A model that is small enough to train in minutes, and no larger than so many pictures can teach. */
export function planFor(pictures: number, side: Side): Plan {
  const [steps, hiddenChannels] =
    pictures < 100 ? [2, 32] : pictures < 400 || side === 32 ? [4, 48] : [6, 64];
  const size = { channels: 3, height: side, width: side };
  return {
    config: createConfig({ ...size, levels: 3, steps, hiddenChannels, bits: 5 }),
    batch: Math.min(32, trainingCount(pictures)),
    rate: 2e-3,
    warmup: 50,
  };
}

/** Pictures that the model never learns from: a tenth, at least two and at most 64. */
export function heldOutCount(pictures: number): number {
  return Math.min(64, Math.max(2, Math.round(pictures / 10)));
}

const trainingCount = (pictures: number) => pictures - heldOutCount(pictures);

/** What to expect, as measured with drawn faces of 16×16 pixels. */
export function expectation(pictures: number, side: Side): string {
  if (pictures < leastPictures) {
    return `A model needs at least ${leastPictures} pictures: ${leastPictures - pictures} more. Some hundred that resemble each other are better.`;
  }
  if (pictures < 150) {
    return 'Expect noise in the colours of your pictures: with 60 drawn faces nobody can see a face. Some hundred pictures that resemble each other are needed.';
  }
  const shapes =
    pictures < 400
      ? 'Expect rough shapes after some 500 steps, if the pictures resemble each other as 240 drawn faces do.'
      : 'Expect clear shapes after some 500 steps, if the pictures resemble each other as 480 drawn faces do.';
  const slower = side === 32 ? ' At 32×32 a step takes about four times as long.' : '';
  return `${shapes} Photos differ more: they need thousands of pictures, and hours.${slower}`;
}
