// From a training run to this model folder: graphs, pictures and card.
//   node models/faces/publish.mjs runs/faces      and then what the card lists after it

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataset } from '@glow-onnx/trainer';
import { publish, thousands } from '../publish.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const run = process.argv[2];
if (!run) throw new Error('publish: expected the folder of a training run');

const madeBy = `\`\`\`sh
node models/faces/generate.mjs --count 150000 --seed 2 --out runs/sheet
npx glow-onnx train --data runs/sheet/faces.json --out runs/faces --levels 3 --steps 12 --hidden 96 --bits 5 --batch 32 --epochs 100 --lr 1e-3 --val-fraction 0.01 --seed 1 --threads 1 --time-budget 23
npx glow-onnx train --data runs/sheet/faces.json --out runs/faces --resume --lr 3e-4 --threads 1 --time-budget 34
npx glow-onnx train --data runs/sheet/faces.json --out runs/faces --resume --lr 1e-4 --threads 1 --time-budget 43
node models/faces/publish.mjs runs/faces
npm run eval:attributes -- --write
node models/faces/strangers.mjs --write
\`\`\`

The model was still improving when the time was up. A time budget is not a seed: another machine sees another number of images. Training used one thread of two cores, which it shared with other work. The last two commands renew [directions](directions) and the tables of [attributes](../../docs/attributes.md) and [out of distribution](../../docs/anomaly-detection.md).

It is not a model of people. The attributes of a drawn character vary independently in the data, and the model knows nothing else. Samples at temperature 1 are unusual more often than samples at 0.8.`;

await publish({
  folder,
  run,
  heldOut: async () => {
    const data = await openDataset(join(folder, 'faces.json'), { limit: 2000 });
    return data.images(Uint32Array.from({ length: data.count }, (_, i) => i));
  },
  draws: 8,
  samples: { count: 96, temperature: 0.8 },
  scale: 4,
  card: ({ config, training, megabytes }) => ({
    title: 'faces',
    intro: `A Glow of 16×16 avatar faces, ${config.bits} bits per colour channel. It is small enough for a web page (${megabytes} MB). This project's own trainer trained it.`,
    heldOutName: 'held-out faces',
    rows: [
      [
        'data',
        `${thousands(training.trainingImages)} generated faces to train, ${thousands(training.validationImages)} to validate; also held out: 20,000 faces of another seed, [DATA.md](DATA.md); CC0 1.0`,
      ],
      ['licence', 'graphs and weights MIT, faces CC0 1.0'],
    ],
    sections: [['Made by', madeBy]],
  }),
});
