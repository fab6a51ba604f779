import { printable } from '@glow-onnx/flow/manifest';
import { shownAddress } from '../folder/stores/address.js';

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

/** The format of an image in base64, or undefined for another text. */
export function formatInBase64(text: string): string | undefined {
  if (text.length < 40 || !/^[\w+/=\s-]+$/.test(text.slice(0, 200))) return undefined;
  const [format] = Object.entries(base64Starts).find(([, start]) => text.startsWith(start)) ?? [];
  return format ?? (text.length > longestPath ? 'png' : undefined);
}
