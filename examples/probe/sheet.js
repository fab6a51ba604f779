/**
 * Reads the sheet `pictures.png` beside a model, and its labels `pictures.json` (docs/data.md).
 * @param {URL} folder
 * @param {string} label the label of the sheet that gives the classes
 * @returns {Promise<{ image: import('@glow-onnx/runtime').RawImage, name: string }[]>} in the order of the sheet
 */
export async function readSheet(folder, label) {
  const { tile, columns, count, labels } = await (await fetch(new URL('pictures.json', folder))).json();
  const bitmap = await createImageBitmap(await (await fetch(new URL('pictures.png', folder))).blob(), {
    colorSpaceConversion: 'none',
  });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
    willReadFrequently: true,
  });
  context.drawImage(bitmap, 0, 0);
  const { values, indices } = labels[label];
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [(i % columns) * tile.width, Math.floor(i / columns) * tile.height];
    const { data, width, height } = context.getImageData(x, y, tile.width, tile.height);
    const name = values[Number.parseInt(indices[i], 36)];
    return { image: { data: new Uint8Array(data), width, height, channels: 4 }, name };
  });
}

/** Of each class the first pictures, `most` but no more than two thirds, to learn from; up to ten others to try. */
export function splitSheet(sheet, most) {
  const names = [...new Set(sheet.map(({ name }) => name))].sort();
  return names.map((name) => {
    const own = sheet.filter((one) => one.name === name).map(({ image }) => image);
    const count = Math.min(20, Math.floor((own.length * 2) / 3));
    return { name, learn: own.slice(0, Math.min(most, count)), others: own.slice(count, count + 10) };
  });
}
