// Loads a model from an address as a program would, and tells how it went: node server-child.mjs ROOT STEPS
// STEPS is JSON: a list of { url, options }. The last one counts.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { inspect } from 'node:util';

const [root, steps] = process.argv.slice(2);
const dist = join(root, 'packages/runtime/dist');
const { loadGlow } = await import(join(dist, 'node.js'));
const { loadOnnxRuntime } = await import(join(dist, 'node/onnxruntime.js'));

async function load({ url, options }) {
  const events = [];
  const onProgress = (event) => events.push(event);
  try {
    const model = await loadGlow(url, { device: 'cpu', cache: false, onProgress, ...options });
    const images = await model.sample({ count: 2, seed: 1 });
    const digest = createHash('sha256');
    for (const { data } of images) digest.update(data);
    await model.dispose();
    return { digest: digest.digest('hex'), selfTest: model.selfTest, told: JSON.stringify(events) };
  } catch (error) {
    const full = inspect(error, { depth: 9, showHidden: true });
    return {
      error: error.message,
      told: `${JSON.stringify(events)} ${full}`,
      controls: /(?!\n)[\p{Cc}\p{Cf}]/u.test(error.message),
    };
  }
}

let result;
for (const step of JSON.parse(steps)) result = await load(step);
const { name, processor } = await loadOnnxRuntime('cpu', {});
console.log(
  JSON.stringify({
    result: { ...result, runtime: `${name} ${processor}`, reached: globalThis.reached ?? [] },
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  }),
);
