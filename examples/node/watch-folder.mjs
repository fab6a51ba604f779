// Says of each new picture in a folder whether it resembles the training images, until Ctrl-C.
//   node examples/node/watch-folder.mjs incoming
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime/node';

// The verdict. Put a rule of your own here, such as a limit for the brightest pixel.
const verdictOf = ({ typicality }, most) =>
  `${typicality > 0.05 ? 'good' : 'look here'}, brightest pixel ${most.toFixed(1)} bits`;

async function look(folder) {
  const names = (await readdir(folder)).filter((name) => /\.(png|jpe?g|webp)$/i.test(name));
  const states = names.map(async (name) => {
    const { size, mtimeMs } = await stat(join(folder, name)).catch(() => ({})); // gone meanwhile
    return [name, `${size} ${mtimeMs}`];
  });
  return new Map(await Promise.all(states));
}

const options = { model: { type: 'string', default: 'models/faces' } };
const { values, positionals } = parseArgs({ allowPositionals: true, options });
const [folder = 'incoming'] = positionals;
const [glow, judged] = [await loadGlow(values.model), await look(folder)];
console.log(`watching ${folder}`);
for (let before = judged; ; await sleep(500)) {
  const now = await look(folder);
  for (const [name, state] of now) {
    if (state === judged.get(name) || state !== before.get(name)) continue; // known, or still being written
    judged.set(name, state);
    const path = join(folder, name);
    const verdict = await Promise.all([glow.score(path), glow.surprise(path)])
      .then(([[score], [{ map }]]) => verdictOf(score, Math.max(...map.data)))
      .catch(({ message }) => message);
    console.log(`${name}: ${verdict}`);
  }
  before = now;
}
