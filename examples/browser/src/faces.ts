import type { RawImage } from '@glow-onnx/runtime';
import { get } from './get.js';

/** A face of the page: its pixels, and its labels such as `{ glasses: 'dark1', hat: 'none', … }`. */
export interface Face {
  readonly image: RawImage;
  readonly labels: Readonly<Record<string, string>>;
}

interface Sheet {
  readonly tile: { readonly width: number; readonly height: number };
  readonly columns: number;
  readonly count: number;
  /** `indices` has one digit of base 36 per face. */
  readonly labels: Readonly<Record<string, { readonly values: readonly string[]; readonly indices: string }>>;
}

/** Reads the sheet `faces.png` and its labels `faces.json`. */
export async function loadFaces(): Promise<Face[]> {
  const [sheet, bitmap] = await Promise.all([
    get('faces.json').then((response) => response.json() as Promise<Sheet>),
    get('faces.png')
      .then((response) => response.blob())
      .then((blob) => createImageBitmap(blob, { colorSpaceConversion: 'none' })),
  ]);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
    willReadFrequently: true,
  });
  if (!context) throw new Error('faces.png: this browser cannot create a canvas to read it');
  context.drawImage(bitmap, 0, 0);
  const { width, height } = sheet.tile;
  return Array.from({ length: sheet.count }, (_, i) => {
    const x = (i % sheet.columns) * width;
    const y = Math.floor(i / sheet.columns) * height;
    const rgba = context.getImageData(x, y, width, height).data;
    return { image: { data: new Uint8Array(rgba), width, height, channels: 4 }, labels: labelsOf(sheet, i) };
  });
}

function labelsOf({ labels }: Sheet, face: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, { values, indices }]) => [
      name,
      values[Number.parseInt(indices[face] as string, 36)] as string,
    ]),
  );
}
