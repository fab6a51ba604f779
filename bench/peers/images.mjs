// Images of a data set as raw float32 in model units, at the centres of their bins, for programs in Python:
//   node bench/peers/images.mjs DATA --count 512 --bits 5 --out images.f32
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openDataset } from '@glow-onnx/trainer';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, bits: { type: 'string' }, out: { type: 'string' } },
});
const data = await openDataset(positionals[0], { limit: Number(values.count) });
const images = await data.images(Uint32Array.from({ length: data.count }, (_, i) => i));
const bins = 2 ** Number(values.bits);
const numbers = images.flatMap(({ data, channels }) => {
  const size = data.length / channels;
  return Array.from({ length: data.length }, (_, i) => {
    const value = data[(i % size) * channels + Math.floor(i / size)];
    return (Math.floor((value * bins) / 256) + 0.5) / bins - 0.5;
  });
});
writeFileSync(values.out, Float32Array.from(numbers));
