import { binToPixel, pixelToBin } from '@glow-onnx/flow/pixels';
import { imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';
import { steps } from './progress.mjs';

/**
 * Shows the abilities of a trained model in three images in the folder `out`: `<prefix>samples.png`,
 * `<prefix>reconstructions.png` and `<prefix>interpolation.png`.
 * @throws Error if a decoded pixel differs from its n-bit value.
 */
export async function explore(title, model, faces, out, prefix) {
  console.log(`\n${title} (${model}) in ONNX Runtime`);
  const bar = steps(5);
  const glow = await loadGlow(model);
  try {
    const { bits } = glow.config;
    const scores = await bar.run('scoring', () => glow.bitsPerDim(faces));
    const { z } = await bar.run('encoding', () => glow.encode(faces));
    const decoded = await bar.run('decoding', () => glow.decode(z));
    const samples = await bar.run('sampling', () => glow.sample({ count: 96, temperature: 0.8, seed: 7 }));
    const ways = await bar.run('interpolating', async () => {
      const rows = [];
      for (const i of [0, 2, 4, 6]) rows.push(await glow.interpolate(z[i], z[i + 1], { steps: 12 }));
      return rows.flat();
    });
    bar.stop();

    const error = worstError(faces, decoded, bits);
    console.log(`  ${faces.length} held-out faces: ${mean(scores).toFixed(2)} bits/dim`);
    console.log(`  decoded: largest error of a pixel ${error} of ${2 ** bits - 1}`);
    if (error !== 0) throw new Error(`${model}: a decoded pixel differs from its ${bits}-bit value`);

    const shown = faces.slice(0, 12).map((face) => quantised(face, bits));
    const write = async (name, images, columns) => {
      const path = `${out}/${prefix}${name}.png`;
      await writePng(path, imageGrid(images, { columns, scale: 4, gap: 4 }));
      console.log(`  ${path}`);
    };
    await write('samples', samples, 12);
    await write('reconstructions', [...shown, ...decoded.slice(0, 12)], 12);
    await write('interpolation', ways, 12);
  } finally {
    bar.stop();
    await glow.dispose();
  }
}

/** The largest difference of bins between images and decoded images. */
function worstError(images, decoded, bits) {
  let worst = 0;
  for (const [i, { data }] of images.entries()) {
    for (const [k, pixel] of data.entries()) {
      worst = Math.max(worst, Math.abs(pixelToBin(pixel, bits) - pixelToBin(decoded[i].data[k], bits)));
    }
  }
  return worst;
}

/** The image as an n-bit model sees it. */
function quantised(image, bits) {
  return { ...image, data: image.data.map((pixel) => binToPixel(pixelToBin(pixel, bits), bits)) };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
