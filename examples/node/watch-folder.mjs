// Says of each new picture in a folder whether it resembles the training images, until Ctrl-C.
//   node examples/node/watch-folder.mjs incoming
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime/node';

// The verdict. Put a rule of your own here, such as a limit for the brightest pixel.
async function judge(glow, path) {
  const [[{ typicality }], [{ map }]] = [await glow.score(path), await glow.surprise(path)];
  return `${typicality > 0.05 ? 'good' : 'check'}, brightest pixel ${Math.max(...map.data).toFixed(1)} bits`;
}

async function look(folder) {
  const states = new Map();
  for (const name of (await readdir(folder)).filter((each) => /\.(png|jpe?g|webp)$/i.test(each))) {
    const found = await stat(join(folder, name)).catch(() => ({})); // gone meanwhile
    states.set(name, `${found.size} ${found.mtimeMs}`);
  }
  return states;
}

process.on('uncaughtException', ({ message }) => {
  console.error(message);
  process.exit(1);
});
const { values, positionals } = parseArgs({ allowPositionals: true, options: { model: { type: 'string' } } });
const [folder = 'incoming'] = positionals;
const [glow, judged] = [await loadGlow(values.model ?? 'models/faces'), await look(folder)];
console.log(`watching ${folder}`);
for (let before = judged; ; await sleep(500)) {
  const now = await look(folder);
  for (const [name, state] of now) {
    if (state === judged.get(name) || state !== before.get(name)) continue; // known, or still being written
    judged.set(name, state);
    console.log(`${name}: ${await judge(glow, join(folder, name)).catch(({ message }) => message)}`);
  }
  before = now;
}
