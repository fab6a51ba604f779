// Is a picture of the kind that the model knows? Its bits per dimension among those of held-out pictures.
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
  if (!histogram) throw new Error(`${values.model} has no histogram of its training to compare with`);
  const { from, to, counts } = histogram;
  const highest = Math.max(...counts);
  const bars = counts.map((count) => ' ▁▂▃▄▅▆▇█'[Math.ceil((count / highest) * 8)]).join('');

  const scores = await glow.score(files, { fit: 'cover' });
  for (const [i, { bitsPerDim, typicality }] of scores.entries()) {
    const place = Math.floor(((bitsPerDim - from) / (to - from)) * counts.length);
    const mark = place < 0 ? '←' : place >= counts.length ? '→' : '↑';
    const verdict = typicality > 0.05 ? 'one of us' : typicality > 0 ? 'unusual' : 'not one of us';
    console.log(`${files[i]}: ${verdict}, ${bitsPerDim.toFixed(2)} bits/dim`);
    console.log(`  ${bars}  held-out pictures, ${from.toFixed(2)} to ${to.toFixed(2)} bits/dim`);
    console.log(`  ${mark.padStart(Math.min(Math.max(place, 0), counts.length - 1) + 1)}`);
  }
  await glow.dispose();
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});
