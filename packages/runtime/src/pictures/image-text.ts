import { describe, printable } from '@glow-onnx/flow/manifest';
import { shownAddress } from '../folder/stores/address.js';

/** An image as text: a path, an address or a `data:` address. */

/** The first letters of image files in base64. */
const base64Starts = { png: 'iVBORw0KGgo', jpeg: '/9j/', webp: 'UklGR' } as const;
/** Longer than any path. */
const longestPath = 5000;

/** The name of an image in messages: a path, or an address without its secrets. Data are not shown. */
export function shownName(source: string | URL): string {
  const text = String(source);
  if (isDataUrl(text)) return `${printable(text.slice(0, 40).split(',')[0] as string)},…`;
  if (formatInBase64(text) !== undefined) return 'a text in base64';
  const shown = /^\s*[a-z][a-z0-9+.-]+:/i.test(text) ? shownAddress(text.slice(0, 2000)) : text;
  return shown.length > 300 ? `${shown.slice(0, 100)}…` : shown;
}

export function isDataUrl(text: string): boolean {
  return /^\s*data:/i.test(text.slice(0, 100));
}

/** @throws TypeError if a text can be neither a path nor an address. */
export function checkImageText(text: string): void {
  if (text.trim() === '') throw new TypeError('expected a path or an address, got an empty text');
  if (isSelector(text)) {
    throw new TypeError(
      `expected an address or an element, got a selector; pass document.querySelector(${describe(text)})`,
    );
  }
  const format = formatInBase64(text);
  if (format === undefined) return;
  throw new TypeError(
    `expected a path or an address, got ${text.length} characters of base64; ` +
      `put data:image/${format};base64, before them, or pass the bytes that they code`,
  );
}

/** Whether a page has an element that this text selects. An address that is only a fragment names no file. */
function isSelector(text: string): boolean {
  if (!/^[#.[]/.test(text) || !globalThis.document) return false;
  try {
    return text.startsWith('#') || document.querySelector(text) !== null;
  } catch {
    return false; // such as ./a.png
  }
}

/** The format of an image in base64, or undefined for another text. */
function formatInBase64(text: string): string | undefined {
  if (text.length < 40 || !/^[\w+/=\s-]+$/.test(text.slice(0, 200))) return undefined;
  const [format] = Object.entries(base64Starts).find(([, start]) => text.startsWith(start)) ?? [];
  return format ?? (text.length > longestPath ? 'png' : undefined);
}
