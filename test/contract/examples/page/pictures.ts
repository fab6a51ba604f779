/// <reference lib="dom" />
import { encodePng } from '@glow-onnx/runtime';
import type { Locator, Page } from 'playwright-core';

/** A file as a user might drop it. */
export interface TestFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A picture of no face, 61×40. */
export async function picture(): Promise<TestFile> {
  const data = Uint8Array.from({ length: 61 * 40 * 3 }, (_, i) => (i * 7) % 256);
  const png = await encodePng({ data, width: 61, height: 40, channels: 3 });
  return { name: 'blinds.png', mimeType: 'image/png', buffer: Buffer.from(png) };
}

/** Files that are no pictures, or none that this page opens, and what it has to say of each. */
export async function wrongFiles(): Promise<(TestFile & { readonly says: RegExp })[]> {
  const { buffer } = await picture();
  const huge = Buffer.from(buffer);
  huge.writeUInt32BE(50_000, 16); // width, and below it height: what decoding would need 7 GB for
  huge.writeUInt32BE(50_000, 20);
  const text = { mimeType: 'text/plain', buffer: Buffer.from('Dear all,\nthis is no picture.') };
  return [
    { ...text, name: 'letter.txt', says: /letter\.txt.*expected a PNG, JPEG or WebP, got an unknown format/ },
    { ...text, name: 'disguised.png', mimeType: 'image/png', says: /disguised\.png.*got an unknown format/ },
    { name: 'moving.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF89a…'), says: /got a GIF/ },
    { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0), says: /got no bytes/ },
    { name: 'torn.png', mimeType: 'image/png', buffer: buffer.subarray(0, 60), says: /torn\.png/ },
    { name: 'huge.png', mimeType: 'image/png', buffer: huge, says: /huge\.png.*claims 50000×50000 pixels/ },
  ];
}

/** Pixels of canvases, RGBA, two hexadecimal digits a value: to compare. */
export function pixelsOf(canvases: Locator): Promise<string[]> {
  return canvases.evaluateAll((elements) =>
    (elements as HTMLCanvasElement[]).map((canvas) => {
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      copy?.drawImage(canvas, 0, 0);
      const bytes = Array.from(copy?.getImageData(0, 0, width, height).data ?? []);
      return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }),
  );
}

/** The one picture of `pixelsOf` as a model of 5 bits gives it back. */
export function atFiveBits([pixels]: readonly string[]): string {
  const bins = Buffer.from(pixels as string, 'hex').map((byte) => byte >> 3);
  return Buffer.from(bins.map((bin) => Math.round((bin * 255) / 31))).toString('hex');
}

/** Drops files on an element. */
export async function drop(page: Page, target: Locator, ...files: readonly TestFile[]): Promise<void> {
  const contents = files.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    base64: buffer.toString('base64'),
  }));
  const dataTransfer = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    for (const { name, mimeType, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type: mimeType }));
    }
    return transfer;
  }, contents);
  for (const type of ['dragenter', 'dragover', 'drop']) await target.dispatchEvent(type, { dataTransfer });
}
