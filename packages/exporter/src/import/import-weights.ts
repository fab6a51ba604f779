import type { Checkpoint } from '@glow-onnx/flow';
import { anything, checkOptions, checkValue, describe, oneOf, type Rules } from '@glow-onnx/flow/internal';
import { parseTensors } from './containers/parse-tensors.js';
import { findModel } from './find-model.js';
import type { Tensors } from './foreign-weights.js';
import type { ImportOverrides } from './layout.js';
import { type LayoutName, layoutNames } from './layouts.js';
import { applyNameMap } from './name-map.js';
import type { WeightsChoice } from './try-layout.js';

/** Choices for `importWeights`. */
export interface ImportOptions extends ImportOverrides {
  /** Which of the weights, if a file has averaged ones (EMA) beside those of the last step; default `model`. */
  readonly weights?: WeightsChoice;
  /** From the file's names to those of a layout: the contents of a map file, parsed from JSON. */
  readonly map?: unknown;
}

/** A checkpoint of another program, and how it was read. */
export interface Imported {
  readonly checkpoint: Checkpoint;
  readonly layout: LayoutName;
  /** What the reader of the result should know, such as tensors that were left out. */
  readonly notes: readonly string[];
}

// Ranges of the first three are those of a config; the map is checked where it is read.
const rules: Rules<ImportOptions> = {
  bits: anything,
  height: anything,
  width: anything,
  weights: oneOf(['model', 'ema']),
  map: anything,
};

/**
 * Reads another program's weights as a checkpoint with parameters in float64.
 * Levels, steps, channels, hidden channels, coupling and kind of 1×1 convolution follow from the tensors' names and
 * shapes.
 * @param bytes a file of PyTorch (`.pt`, `.pth`, `.ckpt`; nothing in it is executed), safetensors or numpy (`.npz`).
 * @param layoutName the program that made the weights, or `auto` to find it by the names.
 * @param options bits per colour channel (default: that of the layout), and height and width of the training images
 * (default: 32×32, or larger if the levels need it), which weights do not state; `weights` and `map`.
 * @throws SyntaxError if the bytes are of no such file, or damaged. @throws RangeError naming a tensor that is missing,
 * unknown, misshapen or not finite, an actnorm that was never initialised, or the nearest layout if none fits.
 * Source of the layouts: `layouts.ts`.
 * @example
 * const checkpoint = importWeights(await readFile('model.pt'), 'port', { bits: 5, height: 64, width: 64 });
 */
export function importWeights(
  bytes: Uint8Array,
  layoutName: LayoutName | 'auto' = 'auto',
  options: ImportOptions = {},
): Checkpoint {
  const where = 'importWeights';
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${where}: expected the bytes of a file of weights, got ${describe(bytes)}`);
  }
  checkValue(where, 'layoutName', layoutName, oneOf([...layoutNames, 'auto']));
  checkOptions(where, options, rules);
  return importTensors(parseTensors(bytes), layoutName, options).checkpoint;
}

/** As `importWeights`, for the tensors of a file. */
export function importTensors(
  tensors: Tensors,
  layoutName: LayoutName | 'auto',
  { weights, map, ...overrides }: ImportOptions = {},
): Imported {
  const mapped = map === undefined ? { tensors, layout: layoutName } : applyNameMap(tensors, map, layoutName);
  const { model, layout, notes } = findModel(mapped.tensors, mapped.layout, weights, overrides);
  return { checkpoint: { ...model, initialised: true }, layout, notes };
}
