import { readFileSync, writeFileSync } from 'node:fs';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import { exportFiles } from '@glow-onnx/exporter/files';
import { type Checkpoint, createGlow, createRandom, initialParams, type PresetName } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime/node';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { main } from '../../../packages/exporter/src/main.js';
import { filledLike, goldenWeights, save } from '../../support/import-fixtures.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { manifestOf, temporaryFolder } from './fixture.js';

/** Random models whose weights are so large that decode multiplies errors, or never ends in a number. */
const at = temporaryFolder();

function random(preset: PresetName, deviation: number): Checkpoint {
  const config = tinyConfig({ height: 4, width: 4 }, preset);
  return { config, params: randomParams(createGlow(config), 5, deviation), initialised: true };
}

/** A layout that has a golden file. */
type GoldenLayout = Parameters<typeof goldenWeights>[0];

/** A golden file's tensors with random numbers of this deviation; permutations and signs stay. */
function randomWeights(layout: GoldenLayout, deviation: number): Uint8Array {
  const { normal } = createRandom(9);
  const fixed = /\.P$|w_p|sign|initialized/;
  return save(
    Object.fromEntries(
      Object.entries(goldenWeights(layout)).map(([name, value]) => [
        name,
        fixed.test(name) ? value : filledLike(value, () => deviation * normal()),
      ]),
    ),
  );
}

const imported = (layout: GoldenLayout, deviation: number) =>
  importWeights(randomWeights(layout, deviation), layout, { height: 4, width: 4 });

const amplifies =
  /^decode amplifies rounding, in float64 too: images come back with errors up to [\d.e+]+ \(their range is 1\), most at levels\.\d\.steps\.\d, where (W has the condition number|the coupling divides by scales down to) [\d.e+-]+$/;
const diverges =
  /^samples are not finite at any temperature: decode grows out of float32 at levels\.\d\.(prior, whose learned scale is too large|steps\.\d, where (W has the condition number|the coupling divides by scales down to) [\d.e+-]+)$/;

describe.each<[string, () => Checkpoint, readonly RegExp[]]>([
  ['the tutorial preset', () => random('tutorial', 0.3), [amplifies]],
  ['the openai preset', () => random('openai', 0.3), [diverges, amplifies]],
  ['random weights of the layout tutorial', () => imported('tutorial', 0.6), [amplifies]],
  ['random weights of the layout port', () => imported('port', 0.2), [diverges, amplifies]],
])('an unstable model becomes a folder with warnings: %s', (_, checkpoint, expected) => {
  test('which holds what it claims', async () => {
    const { warnings } = await exportModel(checkpoint(), { out: at('model') });
    expect(warnings).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    const { samplesDivergeFrom } = manifestOf(at('model'));
    expect(samplesDivergeFrom).toBe(expected.includes(diverges) ? 0 : undefined);
    expect(manifestOf(at('model')).roundingError).toBeGreaterThan(1e-5);
    expect(readFileSync(at('model', 'README.md'), 'utf8')).toContain(warnings.at(-1));
    expect(await verifyFolder(at('model'))).toMatchObject({ ok: true });
  });
});

test('the warning names the step whose coupling divides by too little', async () => {
  const stable = random('openai', 0.02);
  const name = 'levels.0.steps.0.coupling.conv3.bias';
  const { trainable, fixed } = stable.params;
  const params = { fixed, trainable: { ...trainable, [name]: filledLike(trainable[name], () => -60) } };
  const { warnings } = await exportModel({ ...stable, params }, { out: at('model') });
  expect(warnings[0]).toMatch(
    /most at levels\.0\.steps\.0, where the coupling divides by scales down to \d[\d.]*e-2\d$/,
  );
});

test('the runtime loads such a folder, encodes, and warns of its samples', async () => {
  await exportModel(random('openai', 0.3), { out: at('model') });
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  try {
    await using glow = await loadGlow(at('model'), { device: 'cpu' });
    expect(glow.selfTest).toBe('passed');
    const grey = { data: new Uint8Array(48).fill(128), height: 4, width: 4, channels: 3 };
    expect(Number.isFinite((await glow.encode(grey)).logProb[0])).toBe(true);
    expect(warn).not.toHaveBeenCalled();
    await expect(glow.sample({ seed: 1 })).rejects.toThrow('sample: the model gives');
    await expect(glow.sample({ seed: 2 })).rejects.toThrow('sample: the model gives');
    expect(warn.mock.calls).toEqual([
      [
        'glow-onnx: sample: samples of this model are not finite at any temperature, as its export found; train it further',
      ],
    ]);
  } finally {
    warn.mockRestore();
  }
});

test('the command prints the warnings', async () => {
  writeFileSync(at('weights.safetensors'), randomWeights('port', 0.2));
  let [out, err] = ['', ''];
  const terminal = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const args = ['--from', 'port', at('weights.safetensors'), '--size', '4x4', '--out', at('model')];
  expect([await main(args, '1.2.3', terminal), err]).toEqual([0, '']);
  expect(out).toMatch(/^warning: this model is unstable: samples are not finite at any temperature: /m);
  expect(out).toMatch(/^warning: this model is unstable: decode amplifies rounding/m);
});

const textOf = (files: Awaited<ReturnType<typeof exportFiles>>, name: string) =>
  new TextDecoder().decode(files.get(name));

test('an export in memory states from where samples diverge, and that decode amplifies', async () => {
  const files = await exportFiles(random('openai', 0.3));
  expect(JSON.parse(textOf(files, 'manifest.json')).samplesDivergeFrom).toBe(0);
  const card = textOf(files, 'README.md');
  expect(card).toContain(
    '## Stability\n\n- This model is unstable: samples are not finite at any temperature.\n',
  );
  expect(card).toMatch(
    /\n- This model is unstable: decode amplifies rounding, in float64 too: by up to [\d.e+-]+ on the golden images\.\n/,
  );
});

test.each([
  [86, undefined],
  [88, 1], // the temperature of samples unless another one is asked for
  [88.3, 0.7],
])('with the scale exp(%d) of its prior, samples diverge from temperature %p', async (logScale, from) => {
  const config = tinyConfig(
    { channels: 1, height: 4, width: 4, levels: 1, steps: 1, hiddenChannels: 4 },
    'openai',
  );
  const { trainable, fixed } = initialParams(createGlow(config), 5);
  const name = 'levels.0.prior.bias'; // four means, then four logarithms of scales
  let i = 0;
  const bias = filledLike(trainable[name], () => (i++ < 4 ? 0 : logScale));
  const files = await exportFiles({
    config,
    params: { fixed, trainable: { ...trainable, [name]: bias } },
    initialised: true,
  });
  expect(JSON.parse(textOf(files, 'manifest.json')).samplesDivergeFrom).toBe(from);
  expect(textOf(files, 'README.md').includes(`samples are not finite from temperature ${from} on`)).toBe(
    from !== undefined,
  );
});

test('samples of every class are tried, not those of two alone', async () => {
  const size = { channels: 1, height: 4, width: 4, levels: 1, steps: 1, hiddenChannels: 4 } as const;
  const config = tinyConfig({ ...size, classes: 4, topPrior: 'channel' }, 'openai');
  const { trainable, fixed } = initialParams(createGlow(config), 5);
  const rows = trainable['prior.classes'];
  const ofClass = rows.data.length / 4;
  const broken = (which: number) => filledLike(rows, (i) => (Math.floor(i / ofClass) === which ? 100 : 0));
  for (const which of [2, 3]) {
    const params = { fixed, trainable: { ...trainable, 'prior.classes': broken(which) } };
    const { warnings } = await exportModel(
      { config, params, initialised: true },
      { out: at(`class ${which}`) },
    );
    expect(warnings).toEqual([expect.stringContaining('samples are not finite')]);
    expect(manifestOf(at(`class ${which}`)).samplesDivergeFrom).toBe(0.1);
  }
});

test('a stable model has no warnings, and the tolerance of others', async () => {
  const { warnings, measured } = await exportModel(random('tutorial', 0.05), { out: at('model') });
  expect(warnings).toEqual([]);
  expect(manifestOf(at('model'))).not.toHaveProperty('samplesDivergeFrom');
  expect(manifestOf(at('model'))).not.toHaveProperty('roundingError');
  expect(measured.map(({ tolerance }) => tolerance)).toEqual([1e-4, 2e-5, 1e-4, 1e-4]);
});
