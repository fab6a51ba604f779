import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Checkpoint,
  createGlow,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  inverseWeights,
  tensor,
} from '@glow-onnx/flow';
import { parseSafetensors, safetensorsNumbers } from '@glow-onnx/flow/internal';
import { fold } from '../../packages/exporter/src/build/fold.js';
import { traceDecode, traceEncode } from '../../packages/exporter/src/build/trace.js';

const folder = path.join(__dirname, './imports');
const ending = '.expected.safetensors';

/** What `bench/peers/import.py` wrote of one variant of a program. */
export interface ProgramFixture {
  readonly program: string;
  readonly variant: string;
  /** The file of weights. */
  readonly weights: string;
  expected(name: string): Float64Tensor;
  has(name: string): boolean;
  /** `prefix`0, `prefix`1 … */
  list(prefix: string): Float64Tensor[];
}

/** All variants of a program. */
export function programFixtures(program: string): ProgramFixture[] {
  const files = readdirSync(path.join(folder, program));
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => {
      const variant = file.slice(0, -ending.length);
      const weights = files.find((name) => name.startsWith(`${variant}.`) && !name.endsWith(ending));
      if (!weights) throw new Error(`${program}/${variant}: its weights are missing`);
      const { tensors } = parseSafetensors(readFileSync(path.join(folder, program, file)));
      const expected = (name: string) => tensor(tensors[name].shape, safetensorsNumbers(tensors[name]));
      const has = (name: string) => name in tensors;
      return {
        program,
        variant,
        weights: path.join(folder, program, weights),
        expected,
        has,
        list: (prefix) => {
          const count = Object.keys(tensors).filter((name) => name.startsWith(prefix)).length;
          return Array.from({ length: count }, (_, i) => expected(prefix + i));
        },
      };
    });
}

/** A checkpoint's weights in both directions in float64, and its graphs as an export has them. */
export function bothWays({ config, params }: Checkpoint) {
  const glow = createGlow(config);
  const forward = forwardWeights(glow, float64Ops, params);
  const inverse = inverseWeights(glow, params);
  const folded = fold(glow, forward, inverse);
  return {
    glow,
    forward,
    inverse,
    encodeGraph: traceEncode(config, folded.encode),
    decodeGraph: traceDecode(config, folded.decode),
  };
}
