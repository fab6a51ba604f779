import type { GlowModel } from '@glow-onnx/runtime';
import { drawExamples, type Example, readExamples } from './examples.js';
import type { ReadFile } from './read-file.js';
import { readWords, type Words } from './words.js';

/** What the page shows of a model besides the model itself. A model folder may bring it, in files beside its graphs. */
export interface Companion {
  readonly words: Words;
  /** At least one. */
  readonly examples: readonly Example[];
  /** Whether the examples are samples, because the folder brings no pictures. */
  readonly drawn: boolean;
  /** Reads further files of the folder, such as directions. */
  readonly read: ReadFile;
}

/**
 * Reads `page.json`, `pictures.json` and `pictures.png`, if the folder has them.
 * @param model draws the examples if the folder has no pictures. Without it, such a folder gives undefined.
 * @throws Error that names the file if one is broken.
 */
export async function readCompanion(read: ReadFile, model?: GlowModel): Promise<Companion | undefined> {
  const [words, pictures] = await Promise.all([readWords(read), readExamples(read)]);
  const examples = pictures ?? (model && (await drawExamples(model)));
  return examples && { words, examples, drawn: !pictures, read };
}
