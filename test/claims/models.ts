import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig, createGlow, encodeSafetensors, parseSafetensors, tensor } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime';
import { toModel } from '../../packages/runtime/src/images.js';
import { createOracle } from '../oracle.js';
import { randomParams } from '../random-params.js';
import { type Expected, type ModelName, pictures, sampling } from './claims.js';

const colour = createConfig({
  channels: 3,
  height: 8,
  width: 8,
  levels: 2,
  steps: 2,
  hiddenChannels: 8,
  bits: 5,
});
const configs = { colour, classes: createConfig({ ...colour, prior: 'learned', classes: 3 }) };
const seed = 11;

/** Writes the suite's models to folders of their names. */
export async function writeModels(parent: string): Promise<void> {
  for (const [name, config] of Object.entries(configs)) {
    const params = randomParams(createGlow(config), seed);
    await exportModel({ config, params, initialised: true }, { out: join(parent, name) });
  }
  copyWith(parent, 'wrong-golden', 'golden.safetensors', (bytes) => {
    const { tensors, metadata } = parseSafetensors(bytes);
    const { z1 } = tensors;
    if (z1?.dtype !== 'F32') throw new Error('golden.safetensors has no z1 in F32');
    return encodeSafetensors({ ...tensors, z1: { ...z1, data: z1.data.map((z) => z + 0.01) } }, metadata);
  });
  copyWith(parent, 'changed-weights', 'onnx/weights.bin', (bytes) => bytes.fill(1, 8, 9), { hash: false });
}

/** A copy of `colour` with one file changed, and its new hash in the manifest unless it says otherwise. */
function copyWith(
  parent: string,
  name: ModelName,
  file: string,
  change: (bytes: Uint8Array) => Uint8Array,
  { hash = true } = {},
): void {
  const folder = join(parent, name);
  cpSync(join(parent, 'colour'), folder, { recursive: true });
  const bytes = readFileSync(join(folder, file));
  const before = sha256(bytes);
  const changed = change(bytes);
  writeFileSync(join(folder, file), changed);
  const manifest = readFileSync(join(folder, 'manifest.json'), 'utf8');
  if (hash) writeFileSync(join(folder, 'manifest.json'), manifest.replace(before, sha256(changed)));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function expectedOf(parent: string): Promise<Expected> {
  const oracle = createOracle(colour, seed);
  const encoded = pictures.map((image) => {
    const { x, height, width } = toModel(image, colour.bits, () => 0.5);
    return oracle.encode(tensor([1, 3, height, width], x));
  });
  const cpu = await loadGlow(join(parent, 'colour'), { device: 'cpu' });
  const expected = {
    z: encoded.map(({ latents }) => latents.map(({ data }) => [...data])),
    logProb: encoded.map(({ logProb }) => logProb.data[0] as number),
    samples: (await cpu.sample(sampling)).map(({ data }) => [...data]),
    bitsPerDim: await cpu.bitsPerDim(pictures, { draws: 4, seed: 3 }),
  };
  await cpu.dispose();
  return expected;
}
