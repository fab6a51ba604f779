import { exportModel } from '@glow-onnx/exporter';
import { modelToBin } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime';
import { readTensors } from '../../../packages/exporter/src/import/containers/read-tensors.js';
import { importTensors } from '../../../packages/exporter/src/import/import-weights.js';
import { programFixtures } from '../../support/import-programs.js';
import { temporaryFolder } from './fixture.js';

/** Float32 rounds to 6e-8; the sum over an image is 1e-7 of it (measured). */
const FLOAT32 = 1e-5;

const at = temporaryFolder();

test('a model of logits of pixels, exported, gives the density of the pixels and the pixels again', async () => {
  const fixture = programFixtures('chrischute').find(({ variant }) => variant === 'trained');
  if (!fixture) throw new Error('chrischute/trained is missing');
  const x = fixture.expected('x');
  const [, , height, width] = x.shape as [number, number, number, number];
  const { checkpoint } = importTensors(await readTensors(fixture.weights), 'auto', { height, width });
  await exportModel(checkpoint, { out: at('model') });
  const glow = await loadGlow(at('model'), { device: 'cpu' });
  try {
    const pixels = height * width;
    const data = Uint8Array.from({ length: 3 * pixels }, (_, i) =>
      modelToBin(x.data[(i % 3) * pixels + Math.floor(i / 3)], 8),
    );
    const { z, logProb } = await glow.encode({ data, width, height, channels: 3 });
    const [nats] = fixture.expected('log_prob').data;
    expect(Math.abs(logProb[0] / nats - 1)).toBeLessThan(FLOAT32);
    const [again] = await glow.decode(z);
    expect([...again.data]).toEqual([...data]);
  } finally {
    await glow.dispose();
  }
});
