// From a training run to this model folder: graphs, pictures and card.
//   node models/fashion-mnist/publish.mjs runs/fashion-mnist [/usr/share/datasets/fashion-mnist]

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataRows, imagesOf, runAndTestSet } from '../clothes.mjs';
import { publish, thousands } from '../publish.mjs';

const { run, test } = await runAndTestSet();

const expect = `Nearly every sample is a garment with a name: pullovers, shoes and boots most often, then dresses, trousers and bags. They are plain or softly shaded. Letters, checks and lace, which some clothes of the data have, hardly appear, and fine parts such as laces and handles break up. It is a small model, trained for some hours on one processor core. Its purpose is to give real figures on known data.

Its couplings and priors are bounded ([decision 41](../../docs/decisions/0041-bounds-in-the-model.md)), so latents and log p stay finite for any image ([measured](../../docs/decisions/0041-bounds-in-the-model.md#measured-with-hostile-images)). Float32 is not exact, though: far from all clothes, in stripes, checkers and noise of pure black and white, its rounding grows until some values differ after encode and decode. Such images take up to 10⁸ bits/dim.`;

const outlook = `The rate falls along a cosine to zero, and the last eight passes had so little of it that they gained 0.01. A run of another length has another curve. Two models have stood here before, both trained by Adam: one with 64 hidden channels and 1.82 million images had 3.079 bits/dim on the same held-out images, and one of the same size as this, with 2.12 million images in 336 minutes, 3.035. To train that one on, by Muon at half of this rate, gained nothing in 24 minutes (3.047).`;

/** In bits per image too, since others have more dimensions: 32×32. */
const published = ({ bitsPerDim }) => `| | bits/dim | bits an image |
|---|--:|--:|
| without a model | 8.00 | 6,272 |
| **this model** | ${bitsPerDim.toFixed(2)} | ${thousands(Math.round(784 * bitsPerDim))} |
| Glow, two levels of 16 steps (Nalisnick et al. 2019, [arXiv:1810.09136](https://arxiv.org/abs/1810.09136), figure 1) | 2.96 | 2,319 |
| a user's Glow, L = 3, K = 32, hidden 512, 20 epochs, on 32×32 ([chrischute/glow#10](https://github.com/chrischute/glow/issues/10)) | 2.88 | 2,949 |

Only the paper's figure is comparable: test images, 28×28, 8 bits. That model was trained for far longer, on GPUs. The user's figure is for training images, over 1,024 dimensions. Both figures are as their authors state them. We measured neither of them again.`;

const madeBy = `\`\`\`sh
apt-get install dataset-fashion-mnist
data=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
npx glow-onnx train --data $data --out runs/fashion-mnist --preset bounded --levels 2 --steps 16 --hidden 96 --batch 16 --optimizer muon --lr 4e-3 --schedule cosine --warmup 500 --ema 0.999 --epochs 1000 --time-budget 200 --val-fraction 0.0167 --skip-outliers 0 --threads 1
node models/fashion-mnist/publish.mjs runs/fashion-mnist
\`\`\`

Training ran for its 200 minutes in one piece; the state is the best on the 1,002 held-out images, after 185. Optimiser and batch come from the [learning suite](../../docs/ablation.md#what-learns-most-in-the-same-time), which chose by held-out training images; the rate lies between those of the suite's best candidate and of the recipe \`best\`. The test images chose nothing.`;

const log = await logOf(run);

await publish({
  folder: dirname(fileURLToPath(import.meta.url)),
  run,
  heldOut: async () => ({ images: await imagesOf(test) }),
  draws: 4,
  samples: { count: 96, temperature: 0.8 },
  scale: 2,
  card: (facts) => ({
    title: 'fashion-mnist',
    intro: `A Glow of Fashion-MNIST: 28×28 grey images of clothes, all ${facts.config.bits} bits, without labels (${facts.megabytes} MB). This project's own trainer trained it.`,
    heldOutName: 'test images',
    rows: dataRows(facts.training),
    sections: [
      ['What to expect', expect],
      ['Beside published figures', published(facts)],
      ['What each hour bought', hours(log)],
      ['Made by', madeBy],
    ],
  }),
});

/** From the run's log: held-out bits/dim after each pass as [pass, images, bits/dim], and the median speed in images/s. */
async function logOf(run) {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const speeds = lines.flatMap(({ imagesPerSecond }) => imagesPerSecond ?? []).sort((a, b) => a - b);
  const passes = lines.flatMap(({ epoch, images, validationBitsPerDim: bits }) =>
    bits === undefined || epoch === 0 ? [] : [[epoch, images, bits]],
  );
  return { passes, speed: speeds[Math.floor(speeds.length / 2)] };
}

function hours({ passes, speed }) {
  const rows = passes
    .filter(([pass]) => pass === 1 || pass % 4 === 0)
    .map(
      ([pass, images, bits]) => `| ${pass} | ${(images / speed / 3600).toFixed(1)} | ${bits.toFixed(3)} |`,
    );
  return `| passes | hours of one thread | bits/dim, held-out training images |
|--:|--:|--:|
${rows.join('\n')}

Averaged weights, one draw. Hours are images at the median speed of the run, ${Math.round(speed)} images/s. ${outlook}`;
}
