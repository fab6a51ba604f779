import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BatchError, type GlowModel } from '@glow-onnx/runtime/node';
import sharp, { type Sharp } from 'sharp';

/** Small pictures that the model of faces has in its size, as a large job may hold them: colour, grey, alpha, palette. */
export const PICTURES = 2000;
const TILE = 16;
/** Those that cannot be scored: of a text, cut short, and without bytes. */
export const BAD = ['00007.png', '00700.png', '01999.png'];

/** Writes the pictures into a folder. @returns their names in order. */
export async function writeManyPictures(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const sheet = resolve(__dirname, '../../models/pixel-faces/faces.png');
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

/** What a job says of a picture: a value, or why there is none. */
export interface Row {
  readonly image: string;
  readonly error?: string | null;
}

/** Checks that each picture has one row, the bad ones with their error, and that the others have these values. */
export function expectAll<Each extends Row>(
  rows: readonly Each[],
  pick: (row: Each) => unknown,
  values: readonly unknown[],
): void {
  expect(rows).toHaveLength(PICTURES);
  expect(new Set(rows.map(({ image }) => image)).size).toBe(PICTURES);
  const bad = rows.filter(({ error }) => (error ?? undefined) !== undefined);
  expect(bad.map(({ image }) => image.slice(-9))).toEqual(BAD);
  expect(rows.map((row) => pick(row) ?? undefined)).toEqual(values);
}

/** The results of a call that fails for the bad pictures. */
export async function resultsOf<Result>(
  call: Promise<readonly Result[]>,
): Promise<readonly (Result | undefined)[]> {
  const error = await call.catch((thrown) => thrown);
  expect(error).toBeInstanceOf(BatchError);
  return (error as BatchError<Result>).results;
}

/** log p of each picture as the SDK computes it, undefined for the bad ones. */
export async function logProbsOf(
  glow: GlowModel,
  pictures: readonly string[],
): Promise<readonly (number | undefined)[]> {
  const encoded = glow.encode(pictures).then(({ logProb }) => logProb.map((value) => ({ logProb: value })));
  return (await resultsOf(encoded)).map((each) => each?.logProb);
}

/** The rows of all parts in a folder, in the order of the names of the parts. */
export function rowsIn<Each extends Row>(folder: string): Each[] {
  const parts = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return parts.sort().flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Each),
  );
}
