import { isFrame, jpegSegments } from './jpeg-segments.js';

/** Whether the three components of a JPEG are RGB: its Adobe segment says so, or their names do. Otherwise YCbCr. */
export function isRgb(bytes: Uint8Array): boolean {
  let named = false;
  for (const { marker, start, length } of jpegSegments(bytes)) {
    const text = String.fromCharCode(...bytes.subarray(start, start + Math.min(length, 16)));
    if (marker === 0xee && /^Adobe/.test(text) && length >= 12) return text.charCodeAt(11) === 0;
    if (isFrame(marker)) named = [6, 9, 12].map((at) => text[at]).join('') === 'RGB';
    if (marker === 0xda) break;
  }
  return named;
}
