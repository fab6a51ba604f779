import type { RawImage } from '@glow-onnx/runtime';
import { bins, images } from '../../support/noise-images.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { modelOf } from './oracle-model.js';

describe('a class-conditional model', () => {
  const classes = tinyConfig({ prior: 'learned', classes: 3 });
  const model = modelOf(classes);

  test('needs a label it has', async () => {
    const good = images[0] as RawImage;
    await expect(model.encode(good)).rejects.toThrow(
      'encode: label: this model needs an integer from 0 to 2',
    );
    await expect(model.sample({ label: 3 })).rejects.toThrow('an integer from 0 to 2; got 3');
    await expect(model.sample({ count: 3, label: [0, 1] })).rejects.toThrow(
      'expected one label or 3 labels, got 2',
    );
    expect(bins(await model.prepare(good))).toEqual(bins([good]));
  });

  test('says that an image is missing, or a Promise, before it asks for a label', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the arguments have wrong types
    const call = model as any;
    const [good] = images;
    await expect(call.encode()).rejects.toThrow('encode: expected an image or latents, got undefined');
    await expect(call.decode(null)).rejects.toThrow('decode: expected an image or latents, got null');
    await expect(call.encode([good, 7])).rejects.toThrow(
      'encode: images[1]: expected an image or latents, got 7',
    );
    await expect(call.interpolate(good)).rejects.toThrow(
      'interpolate: b: expected an image or latents, got undefined',
    );
    const promise = model.prepare(good as RawImage);
    await expect(call.encode(promise)).rejects.toThrow(/^encode: .*, got a Promise; await it first$/);
    await expect(call.score(promise, { label: 9 })).rejects.toThrow('got a Promise; await it first');
  });

  test('gives each image its own label, in the order of the call, sizes mixed', async () => {
    const together = await model.encode(images, { label: [0, 1, 2, 0, 1], fit: 'none' });
    for (const [i, label] of [0, 1, 2, 0, 1].entries()) {
      const alone = await model.encode(images[i] as RawImage, { label, fit: 'none' });
      expect(alone.logProb[0]).toBe(together.logProb[i]);
    }
    const other = await model.encode(images[2] as RawImage, { label: 0 });
    expect(other.logProb[0]).not.toBe(together.logProb[2]);
    expect(bins(await model.decode(together.z, { label: [0, 1, 2, 0, 1] }))).toEqual(bins(images));
    const scores = await model.bitsPerDim(images.slice(0, 2), { label: [2, 1], draws: 2 });
    expect(scores[1]).toBe((await model.bitsPerDim(images.slice(0, 2), { label: 1, draws: 2 }))[1]);
  });
});
