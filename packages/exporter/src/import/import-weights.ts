import { type Checkpoint, createGlow, type Float64Tensor, type Named } from '@glow-onnx/flow';
import {
  anything,
  checkOptions,
  checkValue,
  describe,
  latentChannels,
  oneOf,
  type Rules,
} from '@glow-onnx/flow/internal';
import { readConditioner } from './conditioner.js';
import { readConv1x1 } from './conv1x1.js';
import { type ForeignWeights, openForeignWeights } from './foreign-weights.js';
import { type ImportOverrides, inferConfig } from './infer-config.js';
import type { Layout } from './layout.js';
import { portLayout } from './port.js';
import { tutorialLayout } from './tutorial.js';

const layouts = { tutorial: tutorialLayout, port: portLayout } as const;

/** Layouts that `importWeights` reads: `tutorial` and `port`, the most used public port. */
export type LayoutName = keyof typeof layouts;
/** All layout names. */
export const layoutNames = Object.keys(layouts) as readonly LayoutName[];

// Their ranges are those of a config.
const rules: Rules<ImportOverrides> = { bits: anything, height: anything, width: anything };

/**
 * Reads another program's weights, a safetensors file of its state_dict, as a checkpoint with parameters in float64.
 * Levels, steps, channels, hidden channels, coupling and kind of 1×1 convolution follow from the tensors' names and
 * shapes.
 * @param overrides bits per colour channel (default: tutorial 8, port 5), and height and width of the training images
 * (default: 32×32, or larger if the levels need it). The weights do not state them.
 * @throws SyntaxError if the bytes are not safetensors. @throws RangeError naming a tensor that is missing, unknown,
 * misshapen or not finite, or an actnorm that was never initialised.
 * Source of the layouts: `tutorial.ts`, `port.ts`.
 * @example
 * const checkpoint = importWeights(await readFile('weights.safetensors'), 'port', { bits: 5, height: 64, width: 64 });
 */
export function importWeights(
  bytes: Uint8Array,
  layoutName: LayoutName,
  overrides: ImportOverrides = {},
): Checkpoint {
  const where = 'importWeights';
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${where}: expected the bytes of a safetensors file, got ${describe(bytes)}`);
  }
  checkValue(where, 'layoutName', layoutName, oneOf(layoutNames));
  checkOptions(where, overrides, rules);
  const layout: Layout = layouts[layoutName];
  const weights = openForeignWeights(bytes, layout);
  const config = inferConfig(weights, layout, overrides);
  const found: Record<string, Float64Tensor> = {};
  const put = (place: string, values: Named<Float64Tensor>): void => {
    for (const [name, value] of Object.entries(values)) found[`${place}.${name}`] = value;
  };
  for (let level = 0; level < config.levels; level++) {
    const channels = config.channels * 4 * 2 ** level;
    for (let step = 0; step < config.steps; step++) {
      const from = layout.place(level, step);
      const to = `levels.${level}.steps.${step}`;
      checkInitialised(weights, from);
      const { sign, ...actnorm } = layout.readActnorm(weights, from, channels);
      put(`${to}.actnorm`, actnorm);
      put(`${to}.conv1x1`, readConv1x1(weights, layout, from, config.conv1x1, sign));
      put(`${to}.coupling`, readConditioner(weights, layout, from, config, channels));
    }
    const latent = latentChannels(config, level);
    const prior = layout.readPrior?.(weights, level, { context: latent, latent });
    if (prior) put(`levels.${level}.prior`, prior);
  }
  weights.finish();
  const ofKind = (kind: 'trainable' | 'fixed'): Named<Float64Tensor> =>
    Object.fromEntries(
      createGlow(config)
        .params.filter((spec) => spec.kind === kind)
        .map(({ name }) => [name, found[name]]),
    );
  return { config, params: { trainable: ofKind('trainable'), fixed: ofKind('fixed') }, initialised: true };
}

/** An actnorm without a flag counts as initialised. */
function checkInitialised(weights: ForeignWeights, place: string): void {
  const flag = `${place}.actnorm.initialized`;
  if (weights.has(flag) && weights.take(flag, []).data[0] === 0) {
    throw new RangeError(
      `${weights.where(flag)} is 0: this actnorm has not seen a first batch; ` +
        'pass one through the model, or load trained weights, and save again',
    );
  }
}
