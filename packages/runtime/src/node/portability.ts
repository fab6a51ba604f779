import { resolve } from 'node:path';
import type { ImageFileLike, SharpLike } from '../pictures/input.js';
import { checkBytes, type ImageLimits } from '../pictures/limits.js';
import type { Portability } from '../worker/portability.js';
import { nodeCodec } from './images.js';

/** Instances of sharp are read in the calling process, and so are the bytes of Blobs. A path goes with its folder. */
export function nodePortability(limits: ImageLimits): Portability {
  const codec = nodeCodec(limits);
  return {
    address: String,
    scriptAddress: (script) => (/^file:/.test(String(script)) ? String(script) : resolve(String(script))),
    read(input) {
      if ('metadata' in input && 'toColourspace' in input) return codec.read(input as SharpLike);
      if ('arrayBuffer' in input) return bytesOf(input as ImageFileLike, limits);
      return undefined;
    },
    folder() {
      try {
        return process.cwd();
      } catch {
        return undefined; // the folder has been removed
      }
    },
    sendsHandles: false,
  };
}

async function bytesOf(file: ImageFileLike, limits: ImageLimits): Promise<Uint8Array> {
  checkBytes(file.size, limits);
  return new Uint8Array(await file.arrayBuffer());
}
