/**
 * An event while a model loads. The names are those of transformers.js. `name` is the model folder, `file` a path
 * inside it.
 *
 * - `initiate`: the file is about to be read; `total` is its size in bytes.
 * - `download`: the file comes over the network.
 * - `progress`: `loaded` of `total` bytes have been read; `progress` is in percent.
 * - `done`: the file is complete and verified; `cached` tells whether it came from the cache.
 * - `offline`: the server cannot be reached, so the manifest comes from the cache; `reason` says why.
 * - `ready`: the model is loaded. It is the last event.
 */
export type LoadProgress =
  | {
      readonly status: 'initiate';
      readonly name: string;
      readonly file: string;
      /** In bytes; undefined for the manifest, whose size is not known in advance. */
      readonly total?: number;
    }
  | { readonly status: 'download'; readonly name: string; readonly file: string }
  | {
      readonly status: 'progress';
      readonly name: string;
      readonly file: string;
      readonly loaded: number;
      readonly total: number;
      readonly progress: number;
    }
  | { readonly status: 'done'; readonly name: string; readonly file: string; readonly cached: boolean }
  | { readonly status: 'offline'; readonly name: string; readonly file: string; readonly reason: string }
  | { readonly status: 'ready'; readonly name: string };
