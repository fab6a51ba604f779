import { createGlow, encodeCheckpoint, type Float64Tensor } from '@glow-onnx/flow';
import { parseConfig, parseJsonObject } from '@glow-onnx/flow/internal';
import { type Layout, modelOf } from './layout.js';

/** A config has about 400 bytes. */
const maxConfigBytes = 2 ** 14;

/**
 * Our own names, `levels.<level>.steps.<step>…`, and the config as the bytes of its JSON: the state_dict of the module that
 * `to-pytorch` writes, or weights that a map gives these names.
 */
export const ownLayout: Layout<'glow-onnx'> = {
  name: 'glow-onnx',
  program: 'glow-onnx to-pytorch',
  example: 'levels.<level>.steps.<step>.actnorm.logScale',
  anchor: /^(|.*?\.)levels\.\d{1,4}\.steps\.\d{1,4}\.actnorm\.logScale$/,
  statesConfig: true,
  read(weights, overrides) {
    const { data } = weights.take('config', weights.shapeOf('config'));
    const where = weights.where('config');
    const stated = parseJsonObject(Uint8Array.from(data), {
      where,
      maxLength: maxConfigBytes,
      maxValues: 256,
    });
    const config = parseConfig({ ...stated, ...overrides });
    const found: Record<string, Float64Tensor> = {};
    for (const { name, shape } of createGlow(config).params) found[name] = weights.take(name, shape);
    const model = modelOf(config, found);
    encodeCheckpoint({ ...model, initialised: true }); // checks permutations and signs
    return model;
  },
};
