import type { FloatImage } from '../model/float-image.js';
import type { LeftOut } from '../node/left-out.js';
import { isTensorFile, openTensor, type TensorFile } from '../node/tensor-file.js';
import { expandFolders, type NamedImages } from './expand-folders.js';
import type { Shard } from './options.js';

/** The images, or feature maps, that the arguments of a command name. */
export interface NamedInputs {
  readonly inputs: readonly (string | FloatImage)[];
  /** The name of each in a report: a path or an address, or `features.safetensors[3]`. */
  readonly names: readonly string[];
  /** The word for one of them. */
  readonly noun: 'image' | 'feature map';
  /** The files that are read. */
  readonly files: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** Images and their names in an output folder; undefined for feature maps. */
  readonly named: NamedImages | undefined;
}

/** Which inputs a command takes. */
export interface InputChoice {
  /** The name of the tensor in each file. Default: its only one. */
  readonly tensor?: string | undefined;
  /** The part of all inputs. Default: all. */
  readonly shard?: Shard | undefined;
}

/**
 * Reads feature maps into memory, of each file the header and the items of the shard; images are read later, when it is
 * their turn.
 * @throws RangeError if images and tensors are mixed, or a tensor has another form; Error if a file cannot be read.
 */
export async function readInputs(
  paths: readonly string[],
  { tensor, shard }: InputChoice,
): Promise<NamedInputs> {
  const files = paths.filter(isTensorFile);
  if (files.length === 0) {
    if (tensor !== undefined) {
      throw new RangeError(`--tensor: ${tensor} is in no file; pass a .safetensors file, or leave it out`);
    }
    const all = await expandFolders(paths);
    const part = rangeOf(all.images.length, shard);
    const images = all.images.slice(...part);
    const named = { ...all, images, names: all.names.slice(...part) };
    return { inputs: images, names: images, noun: 'image', files: all.images, leftOut: all.leftOut, named };
  }
  const other = paths.find((path) => !isTensorFile(path));
  if (other !== undefined) {
    throw new RangeError(`${other} is no .safetensors file, but ${files[0]} is one; pass only one kind`);
  }
  const inputs = await readItems(files, { tensor, shard });
  const names = inputs.map(({ name }) => name);
  return { inputs, names, noun: 'feature map', files, leftOut: [], named: undefined };
}

async function readItems(paths: readonly string[], { tensor, shard }: InputChoice) {
  const opened: TensorFile[] = [];
  try {
    for (const path of paths) opened.push(await openTensor(path, tensor));
    const [start, end] = rangeOf(
      opened.reduce((sum, { count }) => sum + count, 0),
      shard,
    );
    const items: (FloatImage & { readonly name: string })[] = [];
    let first = 0; // the place of the file's first item among all
    for (const [f, file] of opened.entries()) {
      const last = Math.min(end - first, file.count);
      for (let item = Math.max(start - first, 0); item < last; item++) {
        items.push({ ...(await file.read(item)), name: `${paths[f]}[${item}]` });
      }
      first += file.count;
    }
    return items;
  } finally {
    for (const file of opened) await file.close();
  }
}

/** The places of a shard: consecutive, in parts whose sizes differ by at most one. A part may be empty. */
function rangeOf(
  total: number,
  { index, count }: Shard = { index: 1, count: 1 },
): [start: number, end: number] {
  return [Math.round(((index - 1) * total) / count), Math.round((index * total) / count)];
}
