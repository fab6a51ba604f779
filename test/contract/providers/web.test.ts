import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow, createRandom, type Manifest, parseManifest } from '@glow-onnx/flow';
import { latentShapes, precisions } from '@glow-onnx/flow/internal';
import { decodeModel } from '@glow-onnx/graph';
import { byName } from '../../support/exported-graphs.js';
import { listedOperators } from '../../support/listed-operators.js';
import { relativeError } from '../../support/numeric.js';
import { checkerTest, checkWithOnnx } from '../../support/onnx-checker.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { variants } from '../../support/variants.js';
import { type Case, outputsOf, type Result, runCases } from './run-graphs.js';

/** Two float32 programs that sum in different orders: 6e-8 a rounding, two or three levels of two steps; 6e-7 measured. */
const FLOAT32 = 1e-5;

const parent = mkdtempSync(join(tmpdir(), 'glow-web-'));
const folders = new Map<string, { directory: string; manifest: Manifest }>();
let cases: readonly Case[] = [];

beforeAll(async () => {
  for (const [i, { name, config }] of variants.entries()) {
    const directory = join(parent, String(i));
    const params = randomParams(createGlow(config), i);
    await exportModel({ config, params, initialised: true }, { out: directory, precision: precisions });
    const manifest = parseManifest(readFileSync(join(directory, 'manifest.json'), 'utf8'));
    folders.set(name, { directory, manifest });
  }
  cases = variants.flatMap(({ name }) => casesOf(name));
}, 120_000);
afterAll(() => rmSync(parent, { recursive: true }));

/** Both graphs of every precision in a model folder, on two random images and latents. */
function casesOf(name: string): Case[] {
  const { directory, manifest } = folders.get(name) as { directory: string; manifest: Manifest };
  const { config } = manifest;
  const random = createRandom(7);
  const label = labelsFor(config.classes, 2);
  const labelled = label ? { label } : {};
  const x = randomTensor([2, config.channels, config.height, config.width], random, 0.3);
  const z = latentShapes(config, 2, config.height, config.width).map((shape) =>
    randomTensor(shape, random, 0.5),
  );
  return Object.entries(manifest.variants).flatMap(([precision, files]) => {
    const externalData = files.weights ? { externalData: [join(directory, files.weights)] } : {};
    const one = (direction: 'encode' | 'decode', inputs: Case['inputs']): Case => ({
      name: `${name} as ${precision}: ${direction}`,
      model: join(directory, files[direction]),
      ...externalData,
      ...(inputs && { inputs }),
    });
    return [one('encode', { x, ...labelled }), one('decode', { ...byName(z), ...labelled })];
  });
}

describe('onnxruntime-web, wasm, with the weights as externalData', () => {
  let web: Map<string, Result>;
  let node: Map<string, Result>;
  beforeAll(() => {
    web = runCases({ library: 'onnxruntime-web', provider: 'wasm' }, cases);
    node = runCases({ library: 'onnxruntime-node', provider: 'cpu' }, cases);
  }, 120_000);

  test.each(variants)('gives what onnxruntime-node gives on cpu: $name', ({ name }) => {
    const own = cases.filter((one) => one.name.startsWith(`${name} as `));
    expect(own.length).toBe(2 * precisions.length);
    expect(own[0]?.externalData).toEqual([expect.stringMatching(/weights\.bin$/)]);
    for (const one of own) {
      const [got, expected] = [web, node].map((results) => outputsOf(results, one.name));
      expect(Object.keys(got)).toEqual(Object.keys(expected));
      for (const [output, { shape, data }] of Object.entries(expected)) {
        expect(got[output].shape).toEqual(shape);
        expect([one.name, output, relativeError(got[output].data, data) <= FLOAT32]).toEqual([
          one.name,
          output,
          true,
        ]);
      }
    }
  });
});

test.each(variants)('use no operator beyond those that docs/format.md lists: $name', ({ name }) => {
  const used = cases
    .filter((one) => one.name.startsWith(`${name} as `))
    .flatMap(({ model }) =>
      decodeModel(readFileSync(model as string)).graph.nodes.map(({ operator }) => operator),
    );
  expect([...new Set(used)].filter((operator) => !listedOperators.includes(operator))).toEqual([]);
});

// One Python for all files: starting it takes a second.
checkerTest('onnx itself accepts every graph of every variant, weights beside it', () => {
  checkWithOnnx(...cases.map(({ model }) => model as string));
});
