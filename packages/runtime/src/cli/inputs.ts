import type { FloatImage } from '../model/float-image.js';
import type { LeftOut } from '../node/left-out.js';
import { isTensorFile, openTensor } from '../node/tensor-file.js';
import { expandFolders, type NamedImages } from './expand-folders.js';

/** The images, or feature maps, that the arguments of a command name. */
export interface NamedInputs {
  readonly inputs: readonly (string | FloatImage)[];
  /** The name of each in a report: a path or an address, or `features.safetensors[3]`. */
  readonly names: readonly string[];
  /** The files that are read. */
  readonly files: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** Images and their names in an output folder; undefined for feature maps. */
  readonly named: NamedImages | undefined;
}

/**
 * Reads tensors of feature maps, into memory; images are read later, when it is their turn.
 * @param tensor the name of the tensor in each file; default: its only one.
 * @throws RangeError if images and tensors are mixed, or a tensor has another form; Error if a file cannot be read.
 */
export async function readInputs(paths: readonly string[], tensor?: string): Promise<NamedInputs> {
  const files = paths.filter(isTensorFile);
  if (files.length === 0) {
    if (tensor !== undefined) {
      throw new RangeError(`--tensor: ${tensor} is in no file; pass a .safetensors file, or leave it out`);
    }
    const named = await expandFolders(paths);
    const { images, leftOut } = named;
    return { inputs: images, names: images, files: images, leftOut, named };
  }
  const other = paths.find((path) => !isTensorFile(path));
  if (other !== undefined) {
    throw new RangeError(`${other} is no .safetensors file, but ${files[0]} is one; pass only one kind`);
  }
  const read = await Promise.all(files.map((path) => readItems(path, tensor)));
  return {
    inputs: read.flat(),
    names: read.flatMap((items, file) => items.map((_, i) => `${files[file]}[${i}]`)),
    files,
    leftOut: [],
    named: undefined,
  };
}

async function readItems(path: string, tensor: string | undefined): Promise<FloatImage[]> {
  const file = await openTensor(path, tensor);
  try {
    const items: FloatImage[] = [];
    for (let i = 0; i < file.count; i++) items.push(await file.read(i));
    return items;
  } finally {
    await file.close();
  }
}
