import type { RawImage } from '../pictures/images.js';

/** How a platform makes values ready for a message to a worker. */
export interface Portability {
  /** A path or address as the worker can open it. */
  address(source: string | URL): string;
  /** A worker's script by its full path or address. */
  scriptAddress(script: string | URL): string;
  /** The contents of an object that cannot be sent itself, such as a canvas; undefined if it can be sent. */
  read(input: object): Promise<RawImage | Uint8Array> | undefined;
  /** The folder that relative paths start from, where there is such a folder. */
  folder(): string | undefined;
  /** Whether a directory handle can be sent. */
  readonly sendsHandles: boolean;
}
