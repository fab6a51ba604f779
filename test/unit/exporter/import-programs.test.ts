import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decode, encode, type Float64Tensor, float64Ops } from '@glow-onnx/flow';
import { readTensors } from '../../../packages/exporter/src/import/containers/read-tensors.js';
import { importTensors } from '../../../packages/exporter/src/import/import-weights.js';
import { byName, runOn } from '../../support/exported-graphs.js';
import { bothWays, programFixtures } from '../../support/import-programs.js';
import { flatten, relativeError } from '../../support/numeric.js';

/** Both compute in float64, in another order of sums: 1e-14 at most (measured). */
const FLOAT64 = 1e-12;
/** Float32 rounds to 6e-8; W⁻¹ and 1/sd multiply what these few layers leave, up to 3e-6 (measured). */
const FLOAT32 = 3e-5;

const programs = ['rosinality', 'chaiyujin', 'y0ast', 'openai', 'chrischute', 'normflows'];

test('docs/import.md lists every variant', () => {
  const page = readFileSync(path.join(__dirname, '../../../docs/import.md'), 'utf8');
  const rows = page.matchAll(/^\| ([a-z0-9]*) *\| ([a-z-]+)(?: \([^|]*\))? \| \de-1[0-9] \| /gm);
  let program = '';
  const listed = [...rows].map(([, name, variant]) => {
    program = name || program;
    return `${program}/${variant}`;
  });
  const run = programs.flatMap((name) => programFixtures(name).map(({ variant }) => `${name}/${variant}`));
  expect(listed.sort()).toEqual(run.sort());
});

/** batch × classes → batch × classes × 1 × 1. */
const withPixel = ({ shape, ...rest }: Float64Tensor): Float64Tensor => ({
  ...rest,
  shape: [...shape, 1, 1],
});

/** The numbers of z0, z1 …, one after the other. */
const flattened = (latents: Record<string, { data: readonly number[] }>): number[] =>
  Object.keys(latents).flatMap((_, level) => latents[`z${level}`].data);

describe.each(programs)('weights of %s', (program) => {
  describe.each(programFixtures(program))('$variant', (fixture) => {
    const x = fixture.expected('x');
    const label = fixture.has('label') ? withPixel(fixture.expected('label')) : undefined;
    const labelled: Record<string, Float64Tensor> = label ? { label } : {};
    const logProb = fixture.expected('log_prob').data;
    const z = flatten(fixture.list('z'));
    const latents = fixture.list('decode.z');
    const decoded = fixture.expected('decode.x').data;
    let model: ReturnType<typeof bothWays>;

    beforeAll(async () => {
      const [, , height, width] = x.shape;
      const { checkpoint } = importTensors(await readTensors(fixture.weights), 'auto', { height, width });
      model = bothWays(checkpoint);
    });

    it('give its latents, log densities and images in float64', () => {
      const encoded = encode(model.glow, float64Ops, x, model.forward, label);
      expect(relativeError(flatten(encoded.latents), z)).toBeLessThan(FLOAT64);
      expect(relativeError(encoded.logProb.data, logProb)).toBeLessThan(FLOAT64);
      const image = decode(model.glow, float64Ops, latents, model.inverse, label);
      expect(relativeError(image.data, decoded)).toBeLessThan(FLOAT64);
    });

    it('give them in ONNX Runtime', async () => {
      const { log_prob, log_prob_levels, ...encoded } = await runOn(model.encodeGraph, { x, ...labelled });
      expect(relativeError(flattened(encoded), z)).toBeLessThan(FLOAT32);
      expect(relativeError(log_prob.data, logProb)).toBeLessThan(FLOAT32);
      const image = await runOn(model.decodeGraph, { ...byName(latents), ...labelled });
      expect(relativeError(image.x.data, decoded)).toBeLessThan(FLOAT32);
    });
  });
});
