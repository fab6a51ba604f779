// From a training run to this model folder: graphs, pictures and card.
//   node models/fashion-classes/publish.mjs runs/classes [/usr/share/datasets/fashion-mnist]

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataRows, imagesOf, runAndTestSet } from '../clothes.mjs';
import { publish, thousands } from '../publish.mjs';

const { run, test } = await runAndTestSet();

const names = [
  'T-shirt',
  'trousers',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'trainer',
  'bag',
  'ankle boot',
];
const draws = 4;
let confusion;

const expect = `Each row of the samples is one class, from above: ${names.join(', ')}. The classes are numbers, as in the data: \`glow.sample({ label: 9 })\` draws ankle boots.

A class moves and scales the Gaussians of the coarsest latents, and nothing else: the network is the same for all. The network was first trained without classes, and five passes with them have moved it little. So many samples do not show their class: among the bags are pullovers, among the sandals boots. The model tells classes apart as far as their latents differ, and a network that was trained to classify is far better at it. Its purpose is to show what \`label\` does.`;

const madeBy = `\`\`\`sh
apt-get install dataset-fashion-mnist
data=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
npx glow-onnx train --data $data --out runs/classes --init models/fashion-mnist --labels label --batch 32 --lr 5e-4 --schedule cosine --ema 0.999 --epochs 5 --val-fraction 0.0167 --threads 1
node models/fashion-classes/publish.mjs runs/classes
\`\`\`

It started from the weights that [fashion-mnist](../fashion-mnist) had then (3.02 bits/dim, 336 minutes of Adam; they are in the history of this repository), with a table of classes that was zero: at first it was that model. The time above is that of the five passes with classes.

A model that learned with classes from the beginning, for 90 minutes by Muon, had 2.98 bits/dim and was right for 65.3 % of the test images, and its samples showed their classes better. But two of the 10,000 test images did not come back (433 values), so it does not stand here.`;

await publish({
  folder: dirname(fileURLToPath(import.meta.url)),
  run,
  heldOut: async () => {
    const { values, indices } = test.labels.label;
    return {
      images: await imagesOf(test),
      labels: Array.from(indices, (index) => Number(values[index])),
    };
  },
  draws,
  samples: { count: 12 * names.length, temperature: 0.8 },
  scale: 2,
  measureMore: async (glow, _folder, images, _bits, labels) => {
    const byClass = [];
    for (const label of names.keys()) {
      byClass.push(await glow.bitsPerDim(images, { draws: 1, seed: 1, label }));
    }
    confusion = names.map(() => names.map(() => 0));
    for (const [i, label] of labels.entries()) {
      const bits = byClass.map((of) => of[i]);
      confusion[label][bits.indexOf(Math.min(...bits))] += 1;
    }
  },
  card: (facts) => ({
    title: 'fashion-classes',
    intro: `A class-conditional Glow of Fashion-MNIST: 28×28 grey images of ten kinds of clothes, all ${facts.config.bits} bits (${facts.megabytes} MB). This project's own trainer trained it.`,
    heldOutName: 'test images',
    rows: dataRows(facts.training),
    sections: [
      ['What to expect', expect],
      ['Classifying', classifying(facts)],
      ['Made by', madeBy],
    ],
  }),
});

function classifying({ images }) {
  const right = confusion.reduce((sum, row, label) => sum + row[label], 0);
  const cells = (row) => row.map((count) => `${count} |`).join(' ');
  return `Bayes' rule with equal classes makes a classifier of a density: the label with the greatest log p(x|label). It is right for **${((100 * right) / images.length).toFixed(1)} %** of the ${thousands(images.length)} test images, by one dequantisation draw of each image, the same for all labels. No threshold and no prior was fitted. Rows are what an image shows, columns what the model says:

| | ${cells(names)}
|---|${names.map(() => '--:|').join('')}
${names.map((name, label) => `| ${name} | ${cells(confusion[label])}`).join('\n')}`;
}
