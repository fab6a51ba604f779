// Loads a model folder, encodes an image and decodes latents. Prints what came of it as one line of JSON.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [root, folder] = process.argv.slice(2);
const { loadGlow } = await import(pathToFileURL(join(root, 'packages/runtime/dist/index.js')).href);

async function use() {
  const model = await loadGlow(folder, { device: 'cpu', selfTest: false, cache: false });
  const data = Uint8Array.from({ length: 16 }, (_, i) => 16 * i);
  const { z, logProb } = await model.encode({ width: 4, height: 4, channels: 1, data });
  const levels = [{ shape: [4, 2, 2], data: Float32Array.from({ length: 16 }, (_, i) => i / 16 - 0.5) }];
  const [image] = await model.decode({ levels });
  return {
    z: z[0].levels.map((level) => [level.shape, [...level.data]]),
    logProb: [...logProb],
    image: [...image.data],
  };
}

const result = await use().catch((error) => ({ error: `${error.name}: ${error.message}` }));
console.log(JSON.stringify({ result, peakBytes: 1024 * process.resourceUsage().maxRSS }));
