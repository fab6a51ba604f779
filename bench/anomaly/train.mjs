// Trains the small models that two published scores need, and exports them: three of one setting and three seeds for WAIC,
// and one on pictures with noise, the background model of the likelihood ratio (Ren et al. 2019, §3: a share `rate` of the
// values is replaced by uniform ones).
//
//     node bench/anomaly/train.mjs [--epochs 1] [--clothes DIR] [--out out/anomaly-models]
//
// Fashion-MNIST. One thread, one after another: about a minute of processor time for each pass of each model. Kill it whenever
// you like: the same command goes on. The models are far smaller than models/fashion-mnist.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
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

for (const seed of [1, 2, 3]) train(`checkpoint-${seed}`, clean, seed);
train('background', noisy, 1);

function train(name, data, seed) {
  const folder = join(values.out, name);
  if (existsSync(join(folder, 'manifest.json'))) return;
  const run = join(values.out, `${name}-run`);
  const model = ['--levels', '2', '--steps', '4', '--hidden', '32', '--seed', `${seed}`];
  const schedule = ['--epochs', values.epochs, '--schedule', 'cosine', '--val-fraction', '0.002'];
  const begun = existsSync(join(run, 'last.safetensors'));
  const options = begun ? ['--resume'] : [...model, ...schedule, '--force'];
  command('train', '--data', data, '--out', run, '--threads', '1', ...options);
  command('export', join(run, 'best.safetensors'), '--out', folder);
}

function command(...given) {
  execFileSync('node', [glow, ...given], { stdio: 'inherit' });
}
