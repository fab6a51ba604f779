import type { GlowConfig } from '@glow-onnx/flow';

export const memories = ['full', 'reversible'] as const;

/**
 * Which activations a training step on ONNX Runtime keeps for the gradient. `full`: all of them. `reversible`: none;
 * on the way back the inverse of each layer computes its input again from its output. Memory then does not grow with
 * the number of steps of flow, and a training step takes about half as long again.
 */
export type Memory = (typeof memories)[number];

/**
 * `full`, unless the activations of `count` images would take more than half of the free memory. A step keeps about
 * 4 values for each hidden channel and pixel of a coupling: measured with 4 to 16 steps and 128 hidden channels.
 */
export function memoryFor(config: GlowConfig, count: number, freeBytes: number): Memory {
  const { height, width, levels, steps, hiddenChannels } = config;
  const pixels = Array.from({ length: levels }, (_, l) => (count * height * width) / 4 ** (l + 1));
  const bytes = 4 * 4 * steps * hiddenChannels * pixels.reduce((sum, n) => sum + n, 0);
  return bytes > freeBytes / 2 ? 'reversible' : 'full';
}
