import type { Ops } from '../arithmetic/ops.js';
import { actnorm } from '../layers/actnorm.js';
import { affineCoupling } from '../layers/affine-coupling.js';
import { createDequantiser, type Dequantisation, type Dequantiser } from '../layers/dequantiser.js';
import { invertibleConv } from '../layers/invertible-conv.js';
import type { ParamSpec, PlacedLayer } from '../layers/layer.js';
import { logit } from '../layers/logit.js';
import { channelPrior, convPrior, type Prior, standardPrior } from '../layers/prior.js';
import { squeeze } from '../layers/squeeze.js';
import type { GlowConfig } from './config.js';
import { latentChannels } from './latent-shapes.js';

/** Layers in the order of encode, and then the latent: half of the channels at a split, all channels at the top. */
export interface Level {
  readonly layers: readonly PlacedLayer[];
  readonly latentChannels: number;
  /** The half that becomes the latent; undefined at the top level. */
  readonly split: GlowConfig['splitLatent'] | undefined;
  readonly prior: Prior;
}

/** A Glow as its layers with their places. Weights are separate: records by the same names. */
export interface Glow {
  readonly config: GlowConfig;
  readonly levels: readonly Level[];
  /** The flow of the noise, with variational dequantisation. Encode and decode do not use it. */
  readonly dequantiser?: Dequantiser;
  /** Every tensor of a checkpoint, by full name. */
  readonly params: readonly ParamSpec[];
}

/**
 * Makes the layers of a config. Each level has a squeeze and then steps of actnorm → 1×1 convolution → coupling. The
 * logit of pixels, if the config has one, comes first.
 * @param dequantisation `variational` adds a dequantiser, whose parameters are `dequantisation.…`. Default `uniform`.
 * @throws RangeError if a model of numbers shall have a dequantiser.
 * Source: Kingma & Dhariwal 2018, Figure 2.
 * @example
 * const glow = createGlow(createConfig({ channels: 3, height: 32, width: 32 }));
 */
export function createGlow(config: GlowConfig, dequantisation: Dequantisation = 'uniform'): Glow {
  const levels = Array.from({ length: config.levels }, (_, l): Level => {
    const channels = config.channels * 4 * 2 ** l;
    const place = `levels.${l}`;
    const steps = Array.from({ length: config.steps }, (_, k): PlacedLayer[] => [
      { name: `${place}.steps.${k}.actnorm`, layer: actnorm(channels) },
      { name: `${place}.steps.${k}.conv1x1`, layer: invertibleConv(config.conv1x1, channels) },
      { name: `${place}.steps.${k}.coupling`, layer: affineCoupling(config, channels) },
    ]);
    const first =
      l === 0 && config.logitRange > 0 ? [{ name: 'logit', layer: logit(config.logitRange) }] : [];
    return {
      layers: [...first, { name: `${place}.squeeze`, layer: squeeze }, ...steps.flat()],
      latentChannels: latentChannels(config, l),
      split: l === config.levels - 1 ? undefined : config.splitLatent,
      prior: priorOf(config, l),
    };
  });
  const layers = {
    levels,
    ...(dequantisation === 'variational' && { dequantiser: createDequantiser(config) }),
  };
  return {
    config,
    ...layers,
    params: parts(layers).flatMap(({ place, params }) => withPlace(place, params)),
  };
}

function priorOf(config: GlowConfig, level: number): Prior {
  const place = `levels.${level}.prior`;
  const latent = latentChannels(config, level);
  if (config.prior === 'standard') return standardPrior(place);
  if (level < config.levels - 1) return convPrior(place, config, { context: latent, latent }, false);
  if (config.topPrior === 'conv') return convPrior(place, config, { context: latent, latent }, true);
  return channelPrior(latent, config.classes);
}

/**
 * All layers, priors, and layers of the dequantiser, with the prefix of their parameters' names (`place`) and the name of their weights (`name`).
 */
export function parts({ levels, dequantiser }: Pick<Glow, 'levels' | 'dequantiser'>) {
  const layerPart = ({ name, layer }: PlacedLayer) => ({ name, place: name, params: layer.params, layer });
  const ofLevels = levels.flatMap((level, l) => [
    ...level.layers.map(layerPart),
    { name: `levels.${l}.prior`, place: level.prior.place, params: level.prior.params, prior: level.prior },
  ]);
  return [...ofLevels, ...(dequantiser?.layers ?? []).map(layerPart)];
}

function withPlace(place: string, params: readonly ParamSpec[]): ParamSpec[] {
  return params.map((spec) => ({ ...spec, name: fullName(place, spec.name) }));
}

export function fullName(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}

/** The half of the channels that becomes the latent, and the half that continues. */
export function splitLatent<T>(ops: Ops<T>, level: Level, h: T): { z: T; rest: T } {
  const [first, second] = ops.split(h, level.latentChannels); // both halves have as many channels
  return level.split === 'first' ? { z: first, rest: second } : { z: second, rest: first };
}
