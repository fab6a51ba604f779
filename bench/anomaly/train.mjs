// Trains the small models that two published scores need, and exports them: three of one setting and three seeds for WAIC,
// and one on pictures with noise, the background model of the likelihood ratio (Ren et al. 2019, §3: a share `rate` of the
// values is replaced by uniform ones).
//
//     node bench/anomaly/train.mjs [--epochs 1] [--clothes DIR] [--out out/anomaly-models]
//
// Fashion-MNIST. One thread, one after another: about a minute of processor time for each pass of each model. Kill it whenever
// you like: the same command goes on, and with other --epochs a model that is not finished goes on to these. The models are
// far smaller than models/fashion-mnist.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { parseCheckpoint } from '@glow-onnx/flow';
import { createRandom } from '@glow-onnx/flow/random';

const { values } = parseArgs({
  options: {
    epochs: { type: 'string', default: '1' },
    clothes: { type: 'string', default: '/usr/share/datasets/fashion-mnist' },
    out: { type: 'string', default: 'out/anomaly-models' },
  },
});
const rate = 0.1;
const glow = join(import.meta.dirname, '../../packages/glow-onnx/bin/glow-onnx.js');
mkdirSync(values.out, { recursive: true });

const clean = join(values.clothes, 'train-images-idx3-ubyte.gz');
const noisy = join(values.out, 'noisy-idx3-ubyte');
const bytes = gunzipSync(readFileSync(clean));
const random = createRandom(7);
for (let i = 16; i < bytes.length; i++) if (random.uniform() < rate) bytes[i] = random.below(256);
writeFileSync(noisy, bytes);

let child;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
for (const seed of [1, 2, 3]) await train(`checkpoint-${seed}`, clean, seed);
await train('background', noisy, 1);

async function train(name, data, seed) {
  const folder = join(values.out, name);
  const run = join(values.out, `${name}-run`);
  const last = join(run, 'last.safetensors');
  if (existsSync(join(folder, 'manifest.json'))) {
    const { epochs } = parseCheckpoint(readFileSync(last)).progress.settings;
    if (epochs === Number(values.epochs)) return;
    throw new Error(
      `${folder} was trained with --epochs ${epochs}, got ${values.epochs}; pass another --out, or remove it and ${run}`,
    );
  }
  const model = ['--levels', '2', '--steps', '4', '--hidden', '32', '--seed', `${seed}`];
  const schedule = ['--schedule', 'cosine', '--val-fraction', '0.002'];
  const options = existsSync(last) ? ['--resume'] : [...model, ...schedule, '--force'];
  const always = ['--data', data, '--out', run, '--epochs', values.epochs, '--threads', '1'];
  await command('train', ...always, ...options);
  await command('export', join(run, 'best.safetensors'), '--out', folder);
}

/** Ends this program where the command fails, or ends by a signal that came here. */
async function command(...given) {
  // A group of its own: Ctrl-C would reach it twice.
  child = spawn(process.execPath, [glow, ...given], { stdio: 'inherit', detached: true });
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exit(code ?? 1);
}
