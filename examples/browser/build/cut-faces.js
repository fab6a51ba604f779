import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const columns = 24;

/** Writes the last `count` images of a sheet, with their labels, as a small sheet: faces.png and faces.json. */
export async function cutFaces({ from, to, count }) {
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
  await sharp(data, { raw: size }).png({ palette: false, compressionLevel: 9 }).toFile(join(to, 'faces.png'));
  const labels = Object.entries(sheet.labels).map(([name, { values, indices }]) => [
    name,
    { values, indices: indices.slice(sheet.count - count) },
  ]);
  const { tile } = sheet;
  await writeFile(
    join(to, 'faces.json'),
    JSON.stringify({ tile, columns, count, labels: Object.fromEntries(labels) }),
  );
}
