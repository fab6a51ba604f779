// The data of the models of clothes: Fashion-MNIST, as Debian's dataset-fashion-mnist installs it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '@glow-onnx/trainer';
import { thousands } from './publish.mjs';

/**
 * What `publish.mjs RUN [FOLDER]` of a model names on its command line: the folder of the run, and the test set with its labels.
 * @throws Error if there is no run, or no test set in the folder.
 */
export async function runAndTestSet() {
  const [run, folder = '/usr/share/datasets/fashion-mnist'] = process.argv.slice(2);
  if (!run) throw new Error('publish: expected the folder of a training run');
  const test = join(folder, 't10k-images-idx3-ubyte.gz');
  if (!existsSync(test)) {
    throw new Error(
      `publish: ${test} is not here: apt-get install dataset-fashion-mnist, or pass its folder`,
    );
  }
  return { run, test: await openDataset(test) };
}

/** All images of an open data set. */
export function imagesOf(data) {
  return data.images(Uint32Array.from({ length: data.count }, (_, i) => i));
}

/** The first rows of a card. */
export function dataRows({ trainingImages, validationImages }) {
  return [
    [
      'data',
      `[Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist) (Xiao, Rasul and Vollgraf 2017, MIT), Debian package dataset-fashion-mnist; ${thousands(trainingImages)} to train, ${thousands(validationImages)} of its training images to choose the best state, seed 1; its 10,000 test images for this card alone`,
    ],
    ['licence', 'MIT'],
  ];
}
