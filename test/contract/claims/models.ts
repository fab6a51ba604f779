import { cpSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow, tensor } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime';
import { toModel } from '../../../packages/runtime/src/pictures/images.js';
import { alterFile, shiftGolden } from '../../support/altered-folder.js';
import { createOracle } from '../../support/oracle.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { type Expected, type ModelName, pictures, sampling, scoring } from './claims.js';

const colour = tinyConfig();
const configs = { colour, classes: tinyConfig({ prior: 'learned', classes: 3 }) };
const seed = 11;

/** Writes the suite's models to folders of their names. */
export async function writeModels(parent: string): Promise<void> {
  for (const [name, config] of Object.entries(configs)) {
    const params = randomParams(createGlow(config), seed);
    await exportModel({ config, params, initialised: true }, { out: join(parent, name) });
  }
  cpSync(join(__dirname, '../../../models/pixel-faces'), join(parent, 'faces'), { recursive: true });
  const copy = (name: ModelName) => {
    const folder = join(parent, name);
    cpSync(join(parent, 'colour'), folder, { recursive: true });
    return folder;
  };
  await alterFile(copy('wrong-golden'), 'golden.safetensors', (bytes) => shiftGolden(bytes, 'z1', 0.01));
  const weights = join(copy('changed-weights'), 'onnx/weights.bin');
  const bytes = await readFile(weights);
  bytes[8] = (bytes[8] as number) ^ 1;
  await writeFile(weights, bytes);
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
    bitsPerDim: await cpu.bitsPerDim(pictures, scoring),
  };
  await cpu.dispose();
  return expected;
}
