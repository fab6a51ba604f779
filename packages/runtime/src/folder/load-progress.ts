/**
 * What happens while a model loads, under the names that users of transformers.js know. `name` is the model's
 * folder, `file` a path inside it.
 *
 * A file is `initiate`d, is `download`ed if it comes over the network, makes `progress` (in percent) and is
 * `done`; `offline` tells that the manifest comes from the cache because the server cannot be reached; `ready`
 * comes once, last.
 */
export type LoadProgress =
  | {
      readonly status: 'initiate';
      readonly name: string;
      readonly file: string;
      /** In bytes; not there for the manifest, whose size nobody knows beforehand. */
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
