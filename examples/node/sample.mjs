// Draws new images from the model.
//   node examples/node/sample.mjs --count 64 --temperature 0.7 --seed 1
import { parseArgs } from 'node:util';
import { imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';

async function main() {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'models/faces' },
      count: { type: 'string', default: '64' },
      temperature: { type: 'string', default: '0.7' }, // 1: the whole distribution; less is calmer
      seed: { type: 'string', default: '1' }, // the same seed gives the same images everywhere
      out: { type: 'string', default: 'out/sample.png' },
    },
  });
  const [count, temperature, seed] = [values.count, values.temperature, values.seed].map(Number);
  if (count < 1) throw new RangeError(`--count: expected at least 1, got ${values.count}`);

  const glow = await loadGlow(values.model);
  const started = performance.now();
  const images = await glow.sample({ count, temperature, seed });
  const each = (performance.now() - started) / images.length;

  await writePng(values.out, imageGrid(images, { scale: 4, gap: 4 }));
  const { width, height } = images[0];
  console.log(`${images.length} images of ${width}×${height} on ${glow.device}, ${each.toFixed(1)} ms each`);
  console.log(values.out);
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});
