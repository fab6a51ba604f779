import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { exportModel, loadCheckpoint } from '@glow-onnx/exporter';
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
  type Named,
} from '@glow-onnx/flow';
import { tolerances } from '@glow-onnx/flow/internal';
import { type FloatTensor, openSession } from '@glow-onnx/runtime/session';
import { byName } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';
import { manifestOf, temporaryFolder } from './fixture.js';

const at = temporaryFolder();
const allowed = tolerances.cpu.fp32;

/** Sums of choices that move the inputs of stored kernels, beside the table of variants. */
const more = [
  ['four levels', tinyConfig({ levels: 4, height: 16, width: 16 })],
  ['four levels, latents second', tinyConfig({ levels: 4, height: 16, width: 16 }, 'openai')],
  ['openai, latents first, grey', tinyConfig({ channels: 1, splitLatent: 'first' }, 'openai')],
  ['nine channels', tinyConfig({ channels: 9, prior: 'learned' })],
  ['nine channels, openai', tinyConfig({ channels: 9 }, 'openai')],
  ['shuffled, additive, two channels', tinyConfig({ channels: 2, conv1x1: 'shuffle', coupling: 'additive' })],
  [
    'classes, additive, interleaved',
    tinyConfig({ coupling: 'additive', prior: 'learned', classes: 2, parameterOrder: 'interleaved' }),
  ],
  ['one step, one level', tinyConfig({ levels: 1, steps: 1 })],
] as const;
const cases = [...variants.map(({ name, config }) => [name, config] as const), ...more];

describe.each(cases)('%s', (_, config) => {
  const glow = createGlow(config);
  const params = randomParams(glow, 83);
  const { height, width } = config;
  const x = randomTensor([3, config.channels, height, width], createRandom(84), 0.3);
  const label = labelsFor(config.classes, 3);

  test('a checkpoint rebuilt from the graphs is the same flow as they are, to float32, and exports to them again', async () => {
    await exportModel({ config, params, initialised: true }, { out: at('model') });
    const { checkpoint, origin } = await loadCheckpoint(at('model'));
    expect({ origin, config: checkpoint.config }).toEqual({ origin: 'graphs', config });
    const own = flowOf(checkpoint, x, label);
    const labelled = label ? { label } : {};
    const encoded = await run('encode', { x, ...labelled });
    for (const [name, z] of Object.entries(own.latents)) {
      expect(relativeError(encoded[name]?.data, z.data)).toBeLessThan(allowed.latents);
    }
    expect(relativeError(encoded.log_prob?.data, own.logProb.data)).toBeLessThan(allowed.logProb);
    const decoded = await run('decode', { ...own.latents, ...labelled });
    expect(relativeError(decoded.x?.data, own.decoded.data)).toBeLessThan(allowed.image);

    // Exported again, it gives the same graphs: what is rebuilt from these does not change any more.
    await exportModel(checkpoint, { out: at('again') });
    const { checkpoint: again } = await loadCheckpoint(at('again'));
    expect(again.params.fixed).toEqual(checkpoint.params.fixed);
    for (const [name, { data }] of Object.entries(checkpoint.params.trainable)) {
      expect({ name, error: relativeError(again.params.trainable[name]?.data ?? [], data) }).toEqual({
        name,
        error: expect.closeTo(0, 5),
      });
    }
  });
});

/** Runs a graph of the folder on ONNX Runtime. */
async function run(graph: 'encode' | 'decode', feeds: Named<Float64Tensor>) {
  const path = at('model', manifestOf(at('model')).variants.fp32[graph]);
  const session = await openSession({ model: readFileSync(path), folder: dirname(path), device: 'cpu' });
  const inputs = Object.entries(feeds).map(([name, { shape, data }]): [string, FloatTensor] => [
    name,
    { shape, data: Float32Array.from(data) },
  ]);
  try {
    return await session.run(Object.fromEntries(inputs));
  } finally {
    await session.release();
  }
}

/** The layers of a checkpoint as they are defined, in float64. */
function flowOf({ config, params }: Checkpoint, x: Float64Tensor, label: Float64Tensor | undefined) {
  const glow = createGlow(config);
  const { latents, logProb } = encode(glow, float64Ops, x, forwardWeights(glow, float64Ops, params), label);
  const decoded = decode(glow, float64Ops, latents, inverseWeights(glow, params), label);
  return { latents: byName(latents), logProb, decoded };
}
