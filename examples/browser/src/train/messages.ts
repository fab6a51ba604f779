import type { ExportedFiles } from '@glow-onnx/exporter/files';
import type { Device, RawImage } from '@glow-onnx/runtime';
import type { Pixels } from './batches.js';
import type { Side } from './plan.js';
import type { SampleChoice } from './training.js';

/** What the page tells its trainer. */
export type Order =
  | {
      readonly type: 'open';
      readonly pictures: readonly Pixels[];
      readonly side: Side;
      readonly mirror: boolean;
      readonly choice: SampleChoice;
    }
  | { readonly type: 'go' }
  /** Ends after the running step; a last `look` and `paused` follow. */
  | { readonly type: 'pause' }
  /** Draws samples of the model that was looked at last. */
  | { readonly type: 'sample'; readonly choice: SampleChoice }
  /** Asks for the model that was looked at last. */
  | { readonly type: 'save' };

/** What the trainer tells the page. */
export type News =
  | {
      readonly type: 'opened';
      readonly device: Device;
      readonly parameters: number;
      readonly training: number;
      readonly heldOut: number;
    }
  | {
      readonly type: 'progress';
      readonly step: number;
      /** Of training, without looks. */
      readonly seconds: number;
      readonly imagesPerSecond: number;
      /** Mean of the training pictures since the last progress. */
      readonly bitsPerDim: number;
    }
  | { readonly type: 'look'; readonly step: number; readonly heldOut: number }
  | { readonly type: 'samples'; readonly images: readonly RawImage[] }
  | { readonly type: 'paused' }
  | { readonly type: 'saved'; readonly files: ExportedFiles; readonly checkpoint: Uint8Array<ArrayBuffer> }
  | { readonly type: 'failed'; readonly message: string };
