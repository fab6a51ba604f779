import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import { type Checkpoint, createGlow, createRandom } from '@glow-onnx/flow';
import { parseSafetensors } from '@glow-onnx/flow/internal';
import { writePng } from '@glow-onnx/runtime/node';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, bits: 8 });
const glow = createGlow(config);
const checkpoint: Checkpoint = { config, params: randomParams(glow, 71), initialised: true };

let folder = '';
let out = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glow-verify-'));
  out = join(folder, 'model');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('golden images', () => {
  const pixels = (seed: number, count = 64) => {
    const random = createRandom(seed);
    return Uint8Array.from({ length: 3 * count }, () => Math.floor(256 * random.uniform()));
  };

  test('are samples of the model unless pictures are asked for: no pixel and no path gets out', async () => {
    const picture = { data: pixels(73), width: 8, height: 8, channels: 3 };
    await writePng(join(folder, 'private', 'me.png'), picture);
    await exportModel({ ...checkpoint, training: { dataset: 'faces' } }, { out });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    const ours = (tensors.x.data as Float32Array).map((x) => Math.floor((x + 0.5) * 256));
    const chw = Array.from({ length: 3 }, (_, c) => [...picture.data].filter((_, i) => i % 3 === c)).flat();
    const distance = (image: number) =>
      chw.reduce((sum, pixel, i) => sum + Math.abs(pixel - ours[image * 192 + i]), 0) / 192;
    for (let image = 0; image < tensors.x.shape[0]; image++) expect(distance(image)).toBeGreaterThan(5);
    for (const file of [
      'manifest.json',
      'README.md',
      'config.json',
      'golden.safetensors',
      'onnx/encode.onnx',
    ]) {
      const text = readFileSync(join(out, file), 'latin1');
      expect(text).not.toContain(folder);
      expect(text).not.toContain('me.png');
    }
  });

  test('are the pictures of --images where asked for, as the centres of their bins', async () => {
    const picture = { data: pixels(74, 128), width: 16, height: 8, channels: 3 };
    await writePng(join(folder, 'pictures', 'a.png'), picture);
    await writePng(join(folder, 'pictures', 'b.png'), { ...picture, data: pixels(75, 128) });
    await exportModel(checkpoint, { out, images: [join(folder, 'pictures')] });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    expect(tensors.x.shape).toEqual([2, 3, 8, 16]);
    const x = tensors.x.data as Float32Array;
    const red = [...picture.data]
      .filter((_, i) => i % 3 === 0)
      .map((p) => Math.fround((p + 0.5) / 256 - 0.5));
    expect([...x.slice(0, 128)]).toEqual(red);
    expect(readFileSync(join(out, 'manifest.json'), 'utf8')).not.toContain(folder);
    expect((await verifyFolder(out)).ok).toBe(true);
  });

  test('of different sizes are an error that names one', async () => {
    const files = [8, 16].map((width) => join(folder, `${width}.png`));
    for (const [i, width] of [8, 16].entries()) {
      await writePng(files[i], { data: new Uint8Array(3 * 8 * width), width, height: 8, channels: 3 });
    }
    await expect(exportModel(checkpoint, { out, images: files })).rejects.toThrow(
      /16\.png is 8×16, the first is 8×8/,
    );
  });
});
