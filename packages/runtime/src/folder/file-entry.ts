import type { Manifest } from '@glow-onnx/flow/manifest';

/** A file as manifest.json lists it: its path in the folder, its size in bytes and its sha256. */
export type FileEntry = Manifest['files'][number];
