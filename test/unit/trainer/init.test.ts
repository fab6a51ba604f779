import { readFile, writeFile } from 'node:fs/promises';
import { createRandom, type Named, parseCheckpoint } from '@glow-onnx/flow';
import { train } from '@glow-onnx/trainer';
import { main as glowExport } from '../../../packages/exporter/src/main.js';
import { datasetFrom } from '../../../packages/trainer/src/data/from-images.js';
import { goldenWeights, save } from '../../support/import-fixtures.js';
import { relativeError } from '../../support/numeric.js';
import { ramps, rampsConfig, readCheckpoint, temporaryRuns, tinySettings } from '../../support/training.js';

const runAt = temporaryRuns();
/** Too small to move a float32 weight: what is saved is what training started from. */
const still = { ...tinySettings, epochs: 1, rate: 1e-30 };

test.each(['tutorial', 'port'] as const)(
  'weights imported from %s are trained on as they are',
  async (layout) => {
    const [weights, imported] = [runAt(`${layout}.weights`), runAt(`${layout}.safetensors`)];
    await writeFile(weights, save(goldenWeights(layout)));
    const terminal = { stdout: { write: () => true }, stderr: { write: () => true } };
    const argv = ['import', weights, '--from', layout, '--size', '8x8', '--out', imported];
    expect(await glowExport(argv, '1.2.3', terminal)).toBe(0);
    const init = parseCheckpoint(await readFile(imported));

    const { uniform } = createRandom(1);
    const pixels = (): Uint8Array => Uint8Array.from({ length: 192 }, () => 256 * uniform());
    const images = Array.from({ length: 20 }, () => ({
      data: pixels(),
      height: 8,
      width: 8,
      channels: 3 as const,
    }));
    const out = runAt(`${layout} tuned`);
    const data = await datasetFrom(images, { name: 'noise' });
    await train({ start: { init }, data, out, device: 'wasm', threads: 1, settings: still });
    const { params } = await readCheckpoint(out, 'last');
    expect(values(params.trainable)).toEqual(values(init.params.trainable).map(Math.fround));
    expect(params.fixed).toEqual(init.params.fixed);
  },
);

test('a run from a checkpoint starts with its averaged weights, which were validated', async () => {
  const [first, second] = [runAt('first'), runAt('second')];
  const options = { data: ramps(), device: 'wasm', threads: 1 } as const;
  await train({ ...options, out: first, start: { config: rampsConfig }, settings: tinySettings });
  const init = await readCheckpoint(first, 'best');
  await train({ ...options, out: second, start: { init }, settings: still });
  const { params } = await readCheckpoint(second, 'last');
  expect(relativeError(values(params.trainable), values(init.ema))).toBeLessThan(1e-20);
  expect(relativeError(values(params.trainable), values(init.params.trainable))).toBeGreaterThan(1e-3);
});

/** All numbers, by the order of their names. */
function values(tensors: Named<{ readonly data: Float64Array }> = {}): number[] {
  return Object.keys(tensors)
    .sort()
    .flatMap((name) => [...tensors[name].data]);
}
