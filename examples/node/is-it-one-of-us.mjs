// Does an image resemble the training images? Compares its bits per dimension with those of held-out images.
//   node examples/node/is-it-one-of-us.mjs examples/node/pictures/*.png
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime/node';

const shipped = ['ada', 'ben', 'cat'].map((name) => `examples/node/pictures/${name}.png`);

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { model: { type: 'string', default: 'models/faces' } },
  });
  const files = positionals.length > 0 ? positionals : shipped;

  const glow = await loadGlow(values.model);
  const { histogram } = glow.manifest.training ?? {};
  if (!histogram) throw new Error(`${values.model}: its manifest has no training histogram to compare with`);
  const { from, to, counts } = histogram;
  const highest = Math.max(...counts);
  const bars = counts.map((count) => ' ▁▂▃▄▅▆▇█'[Math.ceil((count / highest) * 8)]).join('');

  const scores = await glow.score(files);
  for (const [i, { bitsPerDim, typicality }] of scores.entries()) {
    const place = Math.floor(((bitsPerDim - from) / (to - from)) * counts.length);
    const mark = place < 0 ? '←' : place >= counts.length ? '→' : '↑';
    const verdict = typicality > 0.05 ? 'like' : typicality > 0 ? 'hardly like' : 'unlike';
    console.log(`${files[i]}: ${verdict} the training images, ${bitsPerDim.toFixed(2)} bits/dim`);
    console.log(`  ${bars}  held-out images, ${from.toFixed(2)} to ${to.toFixed(2)} bits/dim`);
    console.log(`  ${mark.padStart(Math.min(Math.max(place, 0), counts.length - 1) + 1)}`);
  }
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});
