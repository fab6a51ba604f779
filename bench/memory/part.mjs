// One row of memory.mjs: prints seconds and the peak of memory beyond what there was before, in bytes.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadGlow } from '@glow-onnx/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { what, folder, side } = JSON.parse(process.argv[2]);
const graph = (kind) => join(folder, `onnx/${kind}.onnx`);
const session = (kind, options = {}) =>
  InferenceSession.create(graph(kind), { executionProviders: ['cpu'], ...options });
/** VmHWM or VmRSS of Linux; the peak that `resourceUsage` gives counts the parent's memory before exec. */
const memory = (name) =>
  1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]);

const runs = {
  'bare encode': async () => {
    const encode = await session('encode');
    await encode.run({ x: zeros(32) });
    return [encode];
  },
  'bare both': async () => {
    const [encode, decode] = [await session('encode'), await session('decode')];
    const { log_prob, log_prob_levels, ...z } = await encode.run({ x: zeros(32) });
    await decode.run(z);
    return [encode, decode];
  },
  hash: async () => {
    const hash = createHash('sha256');
    for await (const piece of createReadStream(join(folder, 'onnx/weights.bin'), { highWaterMark: 2 ** 20 }))
      hash.update(piece);
    return hash.digest();
  },
  // A graph opens when it is first needed: a call opens it.
  encode: async () => {
    const glow = await loadGlow(folder, { device: 'cpu', selfTest: false });
    await glow.encode(grey(glow.config.height));
    return [glow];
  },
  both: async () => {
    const glow = await loadGlow(folder, { device: 'cpu', selfTest: false });
    await glow.decode((await glow.encode(grey(glow.config.height))).z);
    return [glow];
  },
};
const options = {
  'bare, no arena': { enableCpuMemArena: false },
  'bare, no pattern': { enableMemPattern: false },
};

if (side === undefined) {
  await measured(runs[what]);
} else if (what === 'SDK') {
  const glow = await loadGlow(folder, { device: 'cpu', selfTest: false });
  await glow.encode(grey(32));
  const image = grey(side);
  await measured(() => glow.encode(image, { fit: 'none' }));
} else {
  const encode = await session('encode', options[what]);
  await encode.run({ x: zeros(32) });
  const image = zeros(side);
  await measured(() => encode.run({ x: image }));
}
process.exit();

async function measured(run) {
  const before = memory('VmRSS');
  writeFileSync('/proc/self/clear_refs', '5'); // the peak begins anew
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ seconds, bytes: memory('VmHWM') - before }));
}

function zeros(side) {
  return new Tensor('float32', new Float32Array(3 * side * side), [1, 3, side, side]);
}

function grey(side) {
  return { channels: 3, height: side, width: side, data: new Uint8Array(3 * side * side).fill(128) };
}
