import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp, { type Sharp } from 'sharp';

/** Small pictures that the model of faces has in its size, as a large job may hold them: colour, grey, alpha, palette. */
export const PICTURES = 2000;
const TILE = 16;
/** Those that cannot be scored: of a text, cut short, and without bytes. */
export const BAD = ['00007.png', '00700.png', '01999.png'];

/** Writes the pictures into a folder. @returns their names in order. */
export async function writeManyPictures(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const sheet = resolve(__dirname, '../../models/faces/faces.png');
  const { data, info } = await sharp(sheet).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const columns = info.width / TILE;
  const names = Array.from({ length: PICTURES }, (_, i) => `${String(i).padStart(5, '0')}.png`);
  for (const [i, name] of names.entries()) {
    const tile = Buffer.alloc(TILE * TILE * 3);
    const corner = (Math.floor(i / columns) * info.width + (i % columns)) * TILE * 3;
    for (let row = 0; row < TILE; row++) {
      data.copy(tile, row * TILE * 3, corner + row * info.width * 3, corner + (row * info.width + TILE) * 3);
    }
    writeFileSync(
      join(folder, name),
      await encoded(sharp(tile, { raw: { width: TILE, height: TILE, channels: 3 } }), i),
    );
  }
  const [text, cut, empty] = BAD.map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(text, 'no picture');
  writeFileSync(cut, readFileSync(cut).subarray(0, 60));
  writeFileSync(empty, '');
  return names;
}

function encoded(picture: Sharp, i: number): Promise<Buffer> {
  if (i % 10 === 1) return picture.toColourspace('b-w').png().toBuffer();
  if (i % 10 === 2)
    return picture
      .ensureAlpha((i % 100) / 100)
      .png()
      .toBuffer();
  if (i % 10 === 3) return picture.png({ palette: true, colours: 16 }).toBuffer();
  return picture.png().toBuffer();
}

/** The rows of all parts in a folder, in the order of the names of the parts. */
export function rowsIn<Row>(folder: string): Row[] {
  const parts = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return parts.sort().flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row),
  );
}
