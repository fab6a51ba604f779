// From a training run to this model folder: graphs, pictures and card.
//   node models/pixel-faces/publish.mjs runs/pixel-faces      and then what the card lists after it

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishFaces } from '../drawn/publish.mjs';

const madeBy = `\`\`\`sh
node models/pixel-faces/generate.mjs --count 150000 --seed 2 --out runs/sheet
npx glow-onnx train --data runs/sheet/faces.json --out runs/pixel-faces --levels 3 --steps 12 --hidden 96 --bits 5 --batch 32 --epochs 100 --lr 1e-3 --val-fraction 0.01 --seed 1 --threads 1 --time-budget 23
npx glow-onnx train --data runs/sheet/faces.json --out runs/pixel-faces --resume --lr 3e-4 --threads 1 --time-budget 34
npx glow-onnx train --data runs/sheet/faces.json --out runs/pixel-faces --resume --lr 1e-4 --threads 1 --time-budget 43
node models/pixel-faces/publish.mjs runs/pixel-faces
node models/pixel-faces/attributes.mjs --write
node models/pixel-faces/strangers.mjs --write
node models/pixel-faces/places.mjs --write
\`\`\`

The model was still improving when the time was up. A time budget is not a seed: another machine sees another number of images. Training used one thread of two cores, which it shared with other work. The last three commands renew [directions](directions) and two tables of [out of distribution](../../docs/anomaly-detection.md).

It is not a model of people. The attributes of a drawn character vary independently in the data, and the model knows nothing else. Samples at temperature 1 are unusual more often than samples at 0.8. It has no bounds, as models/faces has: of 10,000 pictures of one colour, checkers, noise and the like (\`npm run eval:hostile\`) all have finite z and log p, but many take 10²⁷ bits/dim and more, and do not come back. So take the preset \`bounded\` for a model that strangers may show any picture.`;

await publishFaces({
  folder: dirname(fileURLToPath(import.meta.url)),
  heldOut: 'of another seed',
  licence: 'CC0 1.0',
  scale: 4,
  sections: [['Made by', madeBy]],
});
