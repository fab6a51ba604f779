import type { Glow } from '@glow-onnx/flow';
import { MemoryError } from '@glow-onnx/runtime';
import { inGigabytes } from '@glow-onnx/runtime/internal';
import type { OptimizerName } from '../engine/optimizer.js';
import { parameterLayout } from '../engine/parameters.js';

export const memories = ['full', 'reversible'] as const;

/**
 * Which activations a training step on ONNX Runtime keeps for the gradient. `full`: all of them. `reversible`: none;
 * on the way back the inverse of each layer computes its input again from its output. Memory then does not grow with
 * the number of steps of flow, and a training step takes about half as long again.
 */
export type Memory = (typeof memories)[number];

/**
 * Estimates the memory that a training step on a processor takes, in bytes. Measured with 1 to 3 levels, 8 and 16 steps
 * of flow, 16 to 256 hidden channels, and 16 to 128 images at once: 0.74 to 1.25 times this.
 * @param count images at once.
 */
export function stepBytes(
  glow: Glow,
  count: number,
  memory: Memory,
  optimizer: OptimizerName = 'adam',
): number {
  const { channels, height, width, levels, steps, hiddenChannels } = glow.config;
  const couplings = glow.dequantiser?.layers.length ?? 0; // of the dequantiser, whose activations are always kept
  const levelValues = (level: number, perHidden: number, perChannel: number) =>
    ((count * height * width) / 4 ** (level + 1)) *
    (perHidden * hiddenChannels + perChannel * channels * 4 * 2 ** level);
  const activations =
    memory === 'reversible'
      ? levelValues(0, 11, 115)
      : steps * Array.from({ length: levels }, (_, l) => levelValues(l, 2.2, 15)).reduce((a, b) => a + b, 0);
  const ofNoise = couplings * levelValues(0, 2.2, 15);
  const values = activations + ofNoise + copiesOfParameters[optimizer] * parameterLayout(glow).size;
  return Float32Array.BYTES_PER_ELEMENT * values + bytesOfShifts(glow);
}

/** The places of the shifts of 3×3 convolutions (graph-conv3x3.ts), in JavaScript and in ONNX Runtime. */
function bytesOfShifts({ config: { channels, height, width, levels } }: Glow): number {
  const placesOf = (level: number) => ((height * width) / 4 ** (level + 1)) * 27 * channels * 4 * 2 ** level;
  const places = Array.from({ length: levels }, (_, level) => placesOf(level)).reduce((a, b) => a + b, 0);
  return 2 * BigInt64Array.BYTES_PER_ELEMENT * places;
}

/**
 * Parameters, gradient, two moments and average; copies in graphs, and for a checkpoint. With Muon also the stacks of
 * kernels, as they are turned: 3 to 6 copies with 1 to 4 million parameters.
 */
const copiesOfParameters: Readonly<Record<OptimizerName, number>> = { adam: 10, adamax: 10, muon: 14 };

/** `full`, unless a step would then take more than half of the free memory. */
export function memoryFor(glow: Glow, count: number, freeBytes: number, optimizer?: OptimizerName): Memory {
  return stepBytes(glow, count, 'full', optimizer) > freeBytes / 2 ? 'reversible' : 'full';
}

/** The settings that decide what a step takes. */
export interface StepSettings {
  readonly batch: number;
  readonly accumulate: number;
  /** Default `adam`. */
  readonly optimizer?: OptimizerName;
}

/**
 * @param available what a step may take, in bytes.
 * @throws MemoryError, before the first step, if it needs more. The message says what would fit.
 */
export function checkStepMemory(
  glow: Glow,
  { batch, accumulate, optimizer }: StepSettings,
  memory: Memory,
  available: number,
): void {
  const count = Math.ceil(batch / accumulate);
  const bytesOf = (images: number, how = memory) => stepBytes(glow, images, how, optimizer);
  const needed = bytesOf(count);
  if (needed <= available) return;
  const { height, width } = glow.config;
  throw new MemoryError(
    `training: a step of ${count} images of ${height}×${width} needs about ${inGigabytes(needed)}, ` +
      `but it may take ${inGigabytes(available)}; ${whatFits(bytesOf, batch, count, memory, available)}, or a larger --max-memory`,
    { needed, available },
  );
}

function whatFits(
  bytesOf: (images: number, how?: Memory) => number,
  batch: number,
  count: number,
  memory: Memory,
  available: number,
): string {
  const fixed = bytesOf(0);
  const most = Math.floor((available - fixed) / (bytesOf(1) - fixed));
  const fits: string[] = [];
  if (most > 0) {
    const parts = Math.ceil(batch / most);
    fits.push(`--accumulate ${parts} (${Math.ceil(batch / parts)} images at once)`);
  }
  if (memory === 'full' && bytesOf(count, 'reversible') <= available) {
    fits.push('--memory reversible (recomputes activations)');
  }
  if (fits.length > 0) return `pass ${fits.join(', or ')}`;
  return 'not even one image fits: make the model (--hidden) or the images (--size) smaller';
}
