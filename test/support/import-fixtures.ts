import {
  type Checkpoint,
  createGlow,
  createRandom,
  decode,
  encode,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  inverseWeights,
  tensor,
} from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors, sizeOf } from '@glow-onnx/flow/internal';
import { readGolden } from './golden-files.js';
import { flatten, numericalLogDet, relativeError } from './numeric.js';

/** Central differences with a step of 1e-5 err by about 1e-10 an entry, and a hundred entries add up. */
const JACOBIAN_TOLERANCE = 1e-6;

export type Weights = Record<string, Float64Tensor>;

export const goldenFile = { tutorial: 'tutorial-rgb-8x8-l2-k2', port: 'port-rgb-8x8-l2-k2-affine' } as const;

/** The weights of a golden model alone, by the other program's own names. */
export function goldenWeights(layout: keyof typeof goldenFile): Weights {
  const golden = readGolden(goldenFile[layout]);
  const names = Object.keys(parseSafetensors(golden.bytes).tensors).filter((name) =>
    name.startsWith('param.'),
  );
  return Object.fromEntries(names.map((name) => [name.slice('param.'.length), golden.get(name)]));
}

export function save(weights: Weights, prefix = ''): Uint8Array {
  return encodeSafetensors(
    Object.fromEntries(
      Object.entries(weights).map(([name, value]) => [prefix + name, { dtype: 'F64', ...value }]),
    ),
  );
}

export const filledLike = ({ shape }: Float64Tensor, f: (index: number) => number): Float64Tensor =>
  tensor(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
  );
export const scalar = (value: number): Float64Tensor => tensor([], [value]);

export function randomImage(shape: number[]): Float64Tensor {
  const random = createRandom(3);
  return filledLike(tensor(shape, new Float64Array(sizeOf(shape))), () => random.normal());
}

/** decode undoes encode, and logDet to the standardised latents is that of a numerical Jacobian. */
export function expectFlow({ config, params }: Checkpoint): void {
  const glow = createGlow(config);
  const weights = forwardWeights(glow, float64Ops, params);
  const x = randomImage([1, config.channels, 4, 8]);
  const { latents, logProb } = encode(glow, float64Ops, x, weights);
  const restored = decode(glow, float64Ops, latents, inverseWeights(glow, params));
  expect(relativeError(restored.data, x.data)).toBeLessThan(1e-9);

  const z = flatten(latents);
  const logDensity = z.reduce((sum, eps) => sum - 0.5 * (eps * eps + Math.log(2 * Math.PI)), 0);
  const expected = numericalLogDet(
    (moved) => flatten(encode(glow, float64Ops, tensor(x.shape, moved), weights).latents),
    x.data,
  );
  expect(Math.abs(logProb.data[0] - logDensity - expected)).toBeLessThan(JACOBIAN_TOLERANCE);
}
