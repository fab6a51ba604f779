import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Float64Tensor, tensor } from '@glow-onnx/flow';
import { parseSafetensors, safetensorsNumbers } from '@glow-onnx/flow/internal';

/** What two independent PyTorch programs computed in float64; see test/support/golden/README.md. */
export const goldenFiles = [
  { file: 'tutorial-rgb-8x8-l2-k2', layout: 'tutorial' },
  { file: 'tutorial-grey-16x16-l3-k2', layout: 'tutorial' },
  { file: 'port-rgb-8x8-l2-k2-affine', layout: 'port' },
  { file: 'port-grey-16x16-l2-k2-additive', layout: 'port' },
] as const;

export interface Golden {
  readonly bytes: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  get(name: string): Float64Tensor;
  /** `prefix`0, `prefix`1 … */
  list(prefix: string): Float64Tensor[];
}

export function readGolden(file: string): Golden {
  const bytes = readFileSync(path.join(__dirname, './golden', `${file}.safetensors`));
  const { tensors, metadata } = parseSafetensors(bytes);
  const get = (name: string) => tensor(tensors[name].shape, safetensorsNumbers(tensors[name]));
  const has = (name: string) => name in tensors;
  return {
    bytes,
    metadata,
    has,
    get,
    list(prefix) {
      const values: Float64Tensor[] = [];
      while (has(prefix + values.length)) values.push(get(prefix + values.length));
      return values;
    },
  };
}
