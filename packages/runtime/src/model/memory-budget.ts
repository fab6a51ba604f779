import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { GraphKind } from '../graphs/signature.js';
import type { PictureSize } from '../pictures/limits.js';
import type { Device } from '../sessions/device.js';
import { batchBytes, bytesPerPixel, costOf } from './cost.js';
import { MemoryError } from './memory-error.js';

/** What the machine offers to a model. */
export interface Resources {
  /** Bytes that a call may take; undefined if that is not known, as on a GPU. */
  readonly memory: number | undefined;
  /** Processor cores that the model uses by default. */
  readonly cores: number;
}

/** Keeps the calls of a model within the memory that there is. */
export interface MemoryBudget {
  /**
   * Call it before the image's numbers are made.
   * @param advice what else the caller can do.
   * @throws MemoryError if one image of this size needs more than there is in these graphs.
   */
  check(where: string, size: PictureSize, graphs: readonly GraphKind[], advice: string): void;
  /** How many of the wanted images of this size, at least one, a run may take. */
  most(size: PictureSize, wanted: number): number;
  /** Notes that a graph runs: ONNX Runtime keeps the memory of its largest run, and later runs take it again. */
  note(graph: GraphKind, images: readonly PictureSize[]): void;
  /** The same memory for another graph, whose runs need this many bytes for each pixel. */
  forBytesPerPixel(bytes: number): MemoryBudget;
}

/** @param resourcesNow the resources at the time of asking. */
export function createMemoryBudget(
  config: GlowConfig,
  device: Device,
  resourcesNow: () => Resources,
  maxMemory: number | undefined,
  perPixel: number = bytesPerPixel(config),
): MemoryBudget {
  const held = { encode: 0, decode: 0 };
  const bytesOf = ({ height, width }: PictureSize) => height * width * perPixel;
  const available = () => maxMemory ?? resourcesNow().memory ?? Number.POSITIVE_INFINITY;
  // To ask costs a tenth of a millisecond, which is as long as a small image takes.
  const fits = (bytes: number) => maxMemory === undefined && bytes <= batchBytes;
  return {
    check(where, size, graphs, advice) {
      const each = bytesOf(size);
      const needed = graphs.reduce((sum, graph) => sum + Math.max(each - held[graph], 0), 0);
      if (fits(needed)) return;
      const free = available();
      if (needed <= free) return;
      const { seconds } = costOf(config, size, device, resourcesNow().cores);
      const time = seconds === undefined ? '' : ` and ${inSeconds(seconds * graphs.length)}`;
      const { height, width } = size;
      const limit =
        maxMemory === undefined ? `${inGigabytes(free)} are free` : `maxMemory is ${inGigabytes(maxMemory)}`;
      throw new MemoryError(
        `${where}: an image of ${height}×${width} needs about ${inGigabytes(needed)}${time} on ${device}, ` +
          `${limit}; ${advice}, or load the model with a larger maxMemory`,
        { needed, available: free },
      );
    },
    most(size, wanted) {
      if (fits(wanted * bytesOf(size))) return wanted;
      const kept = Math.min(held.encode, held.decode);
      return Math.min(wanted, Math.max(Math.floor((available() + kept) / bytesOf(size)), 1));
    },
    forBytesPerPixel: (bytes) => createMemoryBudget(config, device, resourcesNow, maxMemory, bytes),
    note(graph, images) {
      const bytes = images.reduce((sum, image) => sum + bytesOf(image), 0);
      held[graph] = Math.max(held[graph], bytes);
    },
  };
}

/** Bytes for people. */
export function inGigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function inSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
