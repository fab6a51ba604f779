/**
 * Attacks model folders: loads a tiny model whose files are damaged, exchanged or edited, and compares its results with
 * those of the untouched folder.
 *
 *     node bench/attack/folders.mjs [--count 3000] [--seed 1] [--root DIR]
 *
 * `--root` attacks another built checkout. `forged` cases have right hashes and a right checksum.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attacks, kindOf } from './folder-attacks.mjs';
import { runCases, serveCases } from './run-cases.mjs';

const { values } = parseArgs({
  options: {
    child: { type: 'boolean', default: false },
    count: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    root: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
    work: { type: 'string' },
  },
});
const root = resolve(values.root);
const load = (path) => import(join(root, 'packages', path));
const { createRandom } = await load('flow/dist/index.js');

/** Writes two models of one config: `a`, which is attacked, and `b`, whose files are mixed in. */
async function writeModels(work) {
  const { createConfig, createGlow, initialParams } = await load('flow/dist/index.js');
  const { exportModel } = await load('exporter/dist/index.js');
  const shape = { channels: 3, height: 8, width: 8, levels: 2, steps: 1, hiddenChannels: 16, bits: 5 };
  const config = createConfig({ ...shape, prior: 'learned', classes: 2 });
  const training = {
    dataset: 'noise',
    steps: 10,
    bitsPerDim: 4.5,
    classNames: ['cat', 'dog'],
    histogram: { from: 4, to: 9, counts: [3, 5, 2], draws: 1 },
  };
  for (const [name, seed] of [
    ['a', 1],
    ['b', 2],
  ]) {
    const params = initialParams(createGlow(config), seed);
    const random = createRandom(seed);
    for (const { data } of Object.values(params.trainable)) {
      for (let i = 0; i < data.length; i++) data[i] += 0.1 * random.normal();
    }
    const options = {
      out: join(work, name),
      license: 'MIT',
      precision: ['fp32', 'int8-weights'],
      tolerance: 2,
    };
    await exportModel({ config, params, initialised: true, training }, options);
  }
}

function filesOf(folder) {
  const read = (path) => new Uint8Array(readFileSync(join(folder, path)));
  const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  return Object.fromEntries(
    ['manifest.json', ...files.map(({ path }) => path)].map((path) => [path, read(path)]),
  );
}

/** Seeded numbers: `pick(n)` is one of 0 … n − 1, `pick.of(list)` an item. */
function picker(index) {
  const random = createRandom(Number(values.seed), index);
  const pick = (n) => Math.min(n - 1, Math.floor(random.uniform() * n));
  return Object.assign(pick, { of: (list) => list[pick(list.length)] });
}

/** Everything that a caller gets from the folder, as one hash. */
async function results(loadGlow, files) {
  const model = await loadGlow(files, { device: 'cpu', cache: false });
  try {
    const image = {
      data: Uint8Array.from({ length: 192 }, (_, i) => (i * 37) % 256),
      height: 8,
      width: 8,
      channels: 3,
    };
    const samples = await model.sample({ count: 2, seed: 1, label: ['dog', 'cat'] });
    const { z, logProb } = await model.encode(image, { label: 1 });
    const decoded = await model.decode(z, { label: 0 });
    const scores = await model.score(image, { label: 'cat' });
    const { latents, preprocessing } = model.manifest;
    const hash = createHash('sha256');
    for (const { data } of [...samples, ...decoded, ...z.flatMap(({ levels }) => levels)]) {
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return hash.update(JSON.stringify([logProb, scores, latents, preprocessing])).digest('hex');
  } finally {
    await model.dispose();
  }
}

if (values.child) {
  const folders = { a: filesOf(join(values.work, 'a')), b: filesOf(join(values.work, 'b')) };
  const { loadGlow } = await load('runtime/dist/node.js');
  const expected = await results(loadGlow, folders.a);
  const attackOf = Object.fromEntries(attacks.map(([name, , attack]) => [name, attack]));
  serveCases(async (index) => {
    const files = attackOf[kindOf(index)](folders, picker(index));
    const outcome = (await results(loadGlow, files)) === expected ? 'right' : 'other';
    return { outcome, ...(outcome === 'other' && { detail: difference(folders.a, files) }) };
  });
} else {
  if (!existsSync(join(root, 'packages/exporter/dist')))
    throw new Error(`${root} is not built; run npm run build`);
  const work = mkdtempSync(join(tmpdir(), 'glow-attack-'));
  try {
    await writeModels(work);
    process.exitCode = await runCases({
      script: fileURLToPath(import.meta.url),
      args: ['--work', work, '--seed', values.seed, '--root', root],
      count: Number(values.count),
      kindOf,
    });
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Where an attacked folder differs, for the report. */
function difference(intact, attacked) {
  const path = Object.keys(intact).find(
    (name) => !Buffer.from(intact[name]).equals(Buffer.from(attacked[name])),
  );
  const [before, after] = [intact, attacked].map((files) => Buffer.from(files[path]));
  const at = before.findIndex((byte, i) => byte !== after[i]);
  return `${path} at ${at}: ${JSON.stringify(`${after.subarray(Math.max(0, at - 30), at + 30)}`)}`;
}
