import { fourLetters } from './four-letters.js';
import { isFrame, type JpegSegment, jpegMarker, jpegSegments } from './jpeg-segments.js';

/** Whether a segment tells that the three components of a JPEG are RGB or YCbCr. Source: Adobe Technical Note #5116. */
export function tellsColours(view: DataView, { marker, start, length }: JpegSegment): boolean {
  return (
    marker === 0xee && length >= 12 && fourLetters(view, start) === 'Adob' && view.getUint8(start + 11) <= 1
  );
}

/** Whether three components are RGB: the Adobe segment says so or, without one, their names do. Else they are YCbCr. */
export function isRgb(view: DataView): boolean {
  let names = '';
  for (const segment of jpegSegments(view)) {
    const { marker, start } = segment;
    if (tellsColours(view, segment)) return view.getUint8(start + 11) === 0;
    if (isFrame(marker)) names = String.fromCharCode(...[6, 9, 12].map((at) => view.getUint8(start + at)));
    if (marker === jpegMarker.scan) break;
  }
  return names === 'RGB';
}
