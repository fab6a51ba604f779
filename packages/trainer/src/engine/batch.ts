import type { GlowConfig } from '@glow-onnx/flow';
import type { Batch } from './contract.js';

/** @throws RangeError if this is no batch for a model of this config: what it is instead, and what it has to be. */
export function checkBatch(
  { channels, height, width, classes }: GlowConfig,
  { count, x, classes: labels }: Batch,
): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`batch: count must be a positive integer, got ${count}`);
  }
  const expected = count * height * width * channels;
  if (x.length !== expected) {
    const images = `${count} images of ${height}×${width}×${channels}`;
    throw new RangeError(
      `batch: x of ${images} has ${expected} values, got ${x.length}; crop or resize them`,
    );
  }
  if (classes === 0) return;
  if (labels === undefined) {
    throw new RangeError(`batch: a model of ${classes} classes needs the class of each image; pass classes`);
  }
  if (labels.length !== count) {
    throw new RangeError(`batch: expected the classes of ${count} images, got ${labels.length}`);
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new RangeError(
      `batch: image ${wrong} is of class ${labels[wrong]}, but the model's are 0 to ${classes - 1}`,
    );
  }
}
