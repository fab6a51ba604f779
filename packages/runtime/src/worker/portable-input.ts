import type { ModelSource } from '../folder/model-source.js';
import { isUrl } from '../folder/stores/address.js';
import type { FileContents, ModelFiles } from '../folder/stores/memory-store.js';
import { messageOf } from '../message-of.js';
import type { ImageCodec } from '../pictures/codec.js';
import { isDataUrl } from '../pictures/shown-name.js';
import type { Portability } from './portability.js';

/** Takes the place of an image that the caller could not read. The call in the worker then rejects with this reason. */
export interface Unreadable {
  readonly unreadable: string;
}

export function isUnreadable(input: unknown): input is Unreadable {
  return typeof input === 'object' && input !== null && 'unreadable' in input;
}

/** A codec that rejects the images that the caller could not read. */
export function refusingUnreadable(codec: ImageCodec): ImageCodec {
  return {
    read: async (input, signal) => {
      if (isUnreadable(input)) throw new Error(input.unreadable);
      return codec.read(input, signal);
    },
  };
}

/**
 * Converts an argument so that it can be sent to a worker.
 * @param owned gets the buffers that are created here, which can be transferred.
 */
export async function toPortableInput(
  input: unknown,
  portability: Portability,
  owned: Set<ArrayBuffer>,
): Promise<unknown> {
  if (Array.isArray(input)) {
    return Promise.all(input.map((each) => toPortableInput(each, portability, owned)));
  }
  if (typeof input !== 'string' && (typeof input !== 'object' || input === null)) return input;
  try {
    if (typeof input === 'string' || isUrl(input)) return await addressOf(input, portability);
    const contents = await portability.read(input);
    if (!contents) return input;
    const { buffer } = contents instanceof Uint8Array ? contents : contents.data;
    owned.add(buffer as ArrayBuffer);
    return contents;
  } catch (error) {
    return { unreadable: messageOf(error) } satisfies Unreadable;
  }
}

/** An address relative to a page becomes absolute, so a text that is no address has to be found before. */
async function addressOf(source: string | URL, portability: Portability): Promise<string> {
  const text = String(source);
  if (isDataUrl(text)) return text;
  const { checkImageText } = await import('../pictures/image-text.js');
  checkImageText(text);
  return portability.address(source);
}

/** Converts the source of a model. @throws TypeError if it cannot be sent to a worker. */
export async function toPortableSource(source: ModelSource, portability: Portability): Promise<ModelSource> {
  if (typeof source === 'string' || isUrl(source)) return portability.address(source);
  if (typeof source !== 'object' || source === null) return source;
  if ('getFileHandle' in source && typeof source.getFileHandle === 'function') {
    if (portability.sendsHandles) return source;
    throw new TypeError(
      'loadGlow: a directory handle cannot be sent to a worker; pass the path of the folder, or leave out worker',
    );
  }
  const files = source as ModelFiles;
  const entries: readonly [string, FileContents][] =
    files instanceof Map ? [...files] : Object.entries(files as Readonly<Record<string, FileContents>>);
  const read = entries.map(async ([path, contents]) => {
    const bytes =
      typeof contents === 'object' && contents !== null ? await portability.read(contents) : undefined;
    return [path, bytes ?? contents] as const;
  });
  return Object.fromEntries(await Promise.all(read)) as ModelFiles;
}
