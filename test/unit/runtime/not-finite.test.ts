import type { RawImage } from '@glow-onnx/runtime';
import { config, images } from '../../support/noise-images.js';
import { createOracle, type OracleSession, oracleSessions } from '../../support/oracle.js';
import { modelOf, oracleSeed } from './oracle-model.js';

const good = images[0] as RawImage;
const { encoder, decoder } = oracleSessions(createOracle(config, oracleSeed), 2);
const spoil = (session: OracleSession, output: string, value: number): OracleSession => ({
  ...session,
  run: async (inputs) => {
    const outputs = await session.run(inputs);
    const data = outputs[output]?.data as Float32Array;
    data[data.length - 1] = value;
    return outputs;
  },
});
test.each(['z0', 'z1', 'log_prob'])('NaN in %s names the image', async (output) => {
  const bad = modelOf(config, { batchSize: 2, encoder: spoil(encoder, output, Number.NaN) });
  await expect(bad.encode([good, good])).rejects.toThrow(
    `encode: 1 of 2 images failed: images[1]: the model gives NaN in ${output}`,
  );
  await expect(bad.bitsPerDim(good, { draws: 2 })).rejects.toThrow(
    `bitsPerDim: the model gives NaN in ${output}`,
  );
});

test('infinity in x names the image', async () => {
  const bad = modelOf(config, { batchSize: 2, decoder: spoil(decoder, 'x', Number.POSITIVE_INFINITY) });
  await expect(bad.sample({ count: 2 })).rejects.toThrow(
    'sample: 1 of 2 images failed: image 1: the model gives Infinity in x',
  );
});

test('a graph without an output says so', async () => {
  const bad = modelOf(config, { batchSize: 2, decoder: { ...decoder, run: async () => ({}) } });
  await expect(bad.sample()).rejects.toThrow('sample: the graph has no output "x"');
});
