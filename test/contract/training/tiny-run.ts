import type { Float64Tensor, Named } from '@glow-onnx/flow';
import { ramps, rampsConfig, tinySettings } from '../../support/training.js';

/** Options of `train` for a run of a second; `out` is missing. */
export const tinyRun = {
  data: ramps(),
  settings: tinySettings,
  device: 'wasm',
  threads: 1,
  start: { config: rampsConfig },
} as const;

/** All numbers of tensors, in their order. */
export function vector(tensors: Named<Float64Tensor> | undefined): number[] {
  return Object.values(tensors ?? {}).flatMap((t) => [...t.data]);
}
