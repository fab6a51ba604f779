import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const columns = 24;

/**
 * Writes the last `count` images of a sheet, with their labels, as a small sheet: pictures.png and pictures.json. The
 * first of them is also written alone, as first.png, for the time before the scripts have come.
 */
export async function cutExamples({ from, to, count }) {
  const sheet = JSON.parse(await readFile(from, 'utf8'));
  const { width, height } = sheet.tile;
  const source = await sharp(join(dirname(from), sheet.image))
    .removeAlpha()
    .raw()
    .toBuffer();
  const row = width * 3;
  const data = Buffer.alloc(columns * row * height * Math.ceil(count / columns));
  for (let i = 0; i < count; i++) {
    const at = sheet.count - count + i;
    for (let y = 0; y < height; y++) {
      const start = offset(at, sheet.columns, y);
      source.copy(data, offset(i, columns, y), start, start + row);
    }
  }
  function offset(tile, perRow, y) {
    return (Math.floor(tile / perRow) * height + y) * perRow * row + (tile % perRow) * row;
  }
  await mkdir(to, { recursive: true });
  const size = { width: columns * width, height: data.length / (columns * row), channels: 3 };
  const png = (image) => image.png({ palette: false, compressionLevel: 9 });
  await png(sharp(data, { raw: size })).toFile(join(to, 'pictures.png'));
  await png(sharp(data, { raw: size }).extract({ left: 0, top: 0, width, height })).toFile(
    join(to, 'first.png'),
  );
  const labels = Object.entries(sheet.labels).map(([name, { values, indices }]) => [
    name,
    { values, indices: indices.slice(sheet.count - count) },
  ]);
  const { tile } = sheet;
  await writeFile(
    join(to, 'pictures.json'),
    JSON.stringify({ tile, columns, count, labels: Object.fromEntries(labels) }),
  );
}
