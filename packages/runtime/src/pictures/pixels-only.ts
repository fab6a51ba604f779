import type { OwnBytes } from '@glow-onnx/flow/internal';
import type { LossyFormat } from './header.js';
import { tellsColours } from './jpeg-colours.js';
import { isFrame, jpegMarker, jpegSegments } from './jpeg-segments.js';
import { webpChunks } from './webp-header.js';

/**
 * Copies an image file without what decoders treat differently: profiles, orientation, other metadata, and bytes that
 * belong to nothing. The copy shows the pixels as they are stored.
 * @param bytes a file that `readHeader` accepts.
 */
export function pixelsOnly(bytes: Uint8Array, format: LossyFormat): OwnBytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return format === 'jpeg' ? jpegPixels(bytes, view) : webpPixels(bytes);
}

function jpegPixels(bytes: Uint8Array, view: DataView): OwnBytes {
  const copy = new Uint8Array(bytes.length);
  let length = 0;
  const keep = (part: Uint8Array): void => {
    copy.set(part, length);
    length += part.length;
  };
  keep(bytes.subarray(0, 2));
  let isSequential = false;
  for (const segment of jpegSegments(view)) {
    const { marker, start, next } = segment;
    const isTable = [jpegMarker.huffman, jpegMarker.steps, jpegMarker.restart].includes(marker as never);
    if (isFrame(marker)) isSequential = marker !== 0xc2;
    if (isTable || isFrame(marker) || tellsColours(view, segment)) {
      keep(bytes.subarray(start - 4, start + segment.length));
    } else if (marker === jpegMarker.scan) {
      keep(bytes.subarray(start - 4, start + segment.length));
      if (isSequential) copy.set([0, 63, 0], length - 3); // all coefficients, whatever the file says
      keep(bytes.subarray(start + segment.length, next));
    }
  }
  keep(Uint8Array.of(0xff, jpegMarker.end));
  return copy.subarray(0, length);
}

/** Metadata chunks get a name that decoders pass over, and are not announced any more. Source: RFC 9649, §2.7. */
function webpPixels(bytes: Uint8Array): OwnBytes {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const [first, ...others] = webpChunks(view, 12, 8 + view.getUint32(4, true));
  if (first?.type !== 'VP8X') return copy;
  view.setUint8(first.start, view.getUint8(first.start) & ~announced);
  for (const { type, start } of others) {
    if (type === 'ICCP' || type === 'EXIF' || type === 'XMP ') copy.fill(0x2d, start - 8, start - 4);
  }
  return copy;
}

/** The bits of an extended file that announce a profile, EXIF and XMP. */
const announced = 0x20 | 0x08 | 0x04;
