import { join } from 'node:path';
import { folderAround } from '@glow-onnx/runtime/internal-node';

/**
 * A run writes images into its folder. Among the images of its data, they would become training images when it is
 * resumed.
 * @param roots the folders whose images are read.
 * @throws RangeError if the run would write into one of them, also through links.
 */
export async function checkPlace(out: string, roots: readonly string[]): Promise<void> {
  for (const place of [out, join(out, 'pictures')]) {
    const around = await folderAround(place, roots);
    if (around === undefined) continue;
    throw new RangeError(
      `train: out ${out} would write into ${around}, whose images are read, and the images of the run would become ` +
        'training images; pass a folder outside, and move a run there before it is resumed',
    );
  }
}
