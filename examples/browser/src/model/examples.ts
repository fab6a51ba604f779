import type { GlowModel, RawImage } from '@glow-onnx/runtime';
import { naturalOf, type ReadFile, readJson, textsOf } from './read-file.js';

/** A picture to try the model with, and its labels such as `{ mouth: 'laugh', beard: 'none', … }`. */
export interface Example {
  readonly image: RawImage;
  readonly labels: Readonly<Record<string, string>>;
}

interface Sheet {
  readonly tile: { readonly width: number; readonly height: number };
  readonly columns: number;
  readonly count: number;
  /** `indices` has one digit of base 36 per picture. */
  readonly labels: Readonly<Record<string, { readonly values: readonly string[]; readonly indices: string }>>;
}

export const mostExamples = 2000;
/** The most pixels of a sheet: it is decoded whole. */
const mostPixels = 2 ** 23;

/** Reads the sheet `pictures.png` of a model folder, with its layout and labels `pictures.json`; undefined without it. */
export async function readExamples(read: ReadFile): Promise<Example[] | undefined> {
  const sheet = await readJson(read, 'pictures.json', sheetOf);
  const file = sheet && (await read('pictures.png'));
  if (!file) return undefined;
  const size = await sizeOfPng(file);
  const rows = Math.ceil(sheet.count / sheet.columns);
  const { width, height } = sheet.tile;
  if (
    size.width < sheet.columns * width ||
    size.height < rows * height ||
    size.width * size.height > mostPixels
  )
    throw new RangeError(
      `pictures.png: the tiles of pictures.json do not fit ${size.width}×${size.height} pixels`,
    );
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
    willReadFrequently: true,
  });
  if (!context) throw new Error('pictures.png: this browser cannot create a canvas to read it');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return Array.from({ length: sheet.count }, (_, i) => {
    const [x, y] = [(i % sheet.columns) * width, Math.floor(i / sheet.columns) * height];
    const rgba = context.getImageData(x, y, width, height).data;
    return { image: { data: new Uint8Array(rgba), width, height, channels: 4 }, labels: labelsOf(sheet, i) };
  });
}

/** Pictures for a model that brings none: its own samples. */
export async function drawExamples(model: GlowModel): Promise<Example[]> {
  const { classes, width, height } = model.config;
  const count = width * height > 128 * 128 ? 4 : 12;
  const images = await model.sample({
    ...{ count, temperature: 0.7, seed: 1 },
    ...(classes > 0 && { label: 0 }),
  });
  return images.map((image) => ({ image, labels: {} }));
}

function sheetOf(fields: Record<string, unknown>): Sheet {
  const objectOf = (value: unknown) => (value ?? {}) as Record<string, unknown>;
  const tile = objectOf(fields.tile);
  const count = naturalOf(fields, 'count', 1, mostExamples);
  const labels = Object.entries(objectOf(fields.labels)).map(([name, label]) => {
    const { indices } = objectOf(label);
    if (typeof indices !== 'string' || indices.length !== count) {
      throw new RangeError(`labels: ${name}: expected ${count} indices`);
    }
    return [name.slice(0, 60), { values: textsOf(objectOf(label), 'values'), indices }] as const;
  });
  return {
    tile: { width: naturalOf(tile, 'width', 1, 4096), height: naturalOf(tile, 'height', 1, 4096) },
    columns: naturalOf(fields, 'columns', 1, mostExamples),
    count,
    labels: Object.fromEntries(labels),
  };
}

function labelsOf({ labels }: Sheet, example: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, { values, indices }]) => [
      name,
      values[Number.parseInt(indices[example] as string, 36)] ?? 'none',
    ]),
  );
}

/** The size in the header of a PNG, before anything decodes it. */
async function sizeOfPng(file: Blob): Promise<{ width: number; height: number }> {
  const header = new DataView(await file.slice(0, 24).arrayBuffer());
  if (header.byteLength < 24 || header.getUint32(0) !== 0x89504e47) {
    throw new TypeError('pictures.png: expected a PNG');
  }
  return { width: header.getUint32(16), height: header.getUint32(20) };
}
