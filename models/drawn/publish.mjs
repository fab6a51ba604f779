// From a training run on drawn faces to the model folder: graphs, pictures and card.

import { basename, join } from 'node:path';
import { openDataset } from '@glow-onnx/trainer';
import { publish, thousands } from '../publish.mjs';

/**
 * Publishes the run that the command line names: what `publish.mjs RUN` of a model does.
 * @param folder of the model, with its held-out sheet faces.json
 * @param heldOut why the faces of the sheet are new to the model. @param licence of the faces
 * @param scale pixels on a side that a pixel of the pictures becomes. @param sections of the card, at its end
 * @throws Error if the command line names no run.
 */
export async function publishFaces({ folder, heldOut, licence, scale, sections }) {
  const run = process.argv[2];
  if (!run) throw new Error('publish: expected the folder of a training run');
  const sheet = await openDataset(join(folder, 'faces.json'));
  await publish({
    folder,
    run,
    heldOut: async () => ({
      images: await sheet.images(Uint32Array.from({ length: sheet.count }, (_, i) => i)),
    }),
    draws: 8,
    samples: { count: 96, temperature: 0.8 },
    scale,
    card: ({ config: { height, width, bits }, training, megabytes }) => ({
      title: basename(folder),
      intro: `A Glow of ${height}×${width} avatar faces, ${bits} bits per colour channel. It is small enough for a web page (${megabytes} MB). This project's own trainer trained it.`,
      heldOutName: 'held-out faces',
      rows: [
        [
          'data',
          `${thousands(training.trainingImages)} generated faces to train, ${thousands(training.validationImages)} to validate; also held out: ${thousands(sheet.count)} faces ${heldOut}, [DATA.md](DATA.md); ${licence}`,
        ],
        ['licence', `graphs and weights MIT, faces ${licence}`],
      ],
      sections,
    }),
  });
}
