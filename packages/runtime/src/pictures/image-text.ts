import { describe } from '@glow-onnx/flow/manifest';
import { checkBytes, type ImageLimits } from './limits.js';
import { formatInBase64 } from './shown-name.js';

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

/**
 * The bytes of a `data:` address. It is read here and not by `fetch`, which a page's content security policy may forbid.
 * @throws TypeError if the text is not such an address; RangeError if it holds more bytes than the limit.
 */
export function bytesOfDataUrl(text: string, limits: ImageLimits): Uint8Array {
  const comma = text.indexOf(',');
  if (comma < 0)
    throw new TypeError('a data: address needs a comma before its data: data:image/png;base64,…');
  const isBase64 = /;\s*base64\s*$/i.test(text.slice(0, comma));
  const [data = ''] = text.slice(comma + 1).split('#', 1);
  checkBytes(Math.floor(isBase64 ? (data.length * 3) / 4 : data.length / 3) - 2, limits);
  const plain = data.includes('%') ? withoutEscapes(data) : data;
  return bytesOf(isBase64 ? fromBase64(plain) : plain);
}

/** %89 becomes the character with this code. */
function withoutEscapes(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function fromBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    throw new TypeError('the data of the data: address are not valid base64'); // the cause would show them
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
