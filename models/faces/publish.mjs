// From a training run to this model folder: graphs, pictures and card.
//   node models/faces/publish.mjs runs/faces      and then what the card lists after it

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishFaces } from '../drawn/publish.mjs';

const credit = `The faces are by the design [ToonHead](https://www.figma.com/community/file/1589627891082866389) by [Johan Melin](https://www.johanmelin.com), [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), with the changes that [DATA.md](DATA.md) lists. Samples show this design. If you publish them, credit it, for example: "Made with glow-onnx after ToonHead by Johan Melin, CC BY 4.0, changed".`;

const expect = `It is not a model of people. The attributes of a drawn character vary independently in the data, and the model knows nothing else: a beard says nothing of the hair. Samples at temperature 1 are unusual more often than samples at 0.8. The model's own samples score as strangers: at temperatures of 0.7 and 1, each of 100 samples needed more bits/dim than every held-out face, so its percentile was 1.000 and its typicality 0.000 ([why](../../docs/anomaly-detection.md#where-it-fails)).

Couplings and priors are bounded: of 100,000 hostile images, such as noise, checkers and digits, the latents and log p of all are finite, and all of the 2,000 that were decoded again came back on the CPU ([measured](../../docs/decisions/0041-bounds-in-the-model.md#measured-with-hostile-images)).`;

const madeBy = `\`\`\`sh
node models/faces/generate.mjs --count 60000 --seed 2 --out runs/sheet
npx glow-onnx train --data runs/sheet/faces.json --out runs/faces --preset bounded --levels 3 --steps 12 --hidden 96 --bits 5 --batch 16 --epochs 3 --lr 1e-3 --warmup 300 --schedule cosine --val-fraction 0.01 --seed 1 --threads 1
node models/faces/generate.mjs
node models/faces/publish.mjs runs/faces
npm run eval:attributes -- --write
\`\`\`

The last command renews [directions](directions) and the tables of [attributes](../../docs/attributes.md).`;

await publishFaces({
  folder: dirname(fileURLToPath(import.meta.url)),
  heldOut: 'with other combinations of attributes',
  licence: 'CC BY 4.0',
  scale: 3,
  sections: [
    ['Credit', credit],
    ['What to expect', expect],
    ['Made by', madeBy],
  ],
});
