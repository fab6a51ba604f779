import { type GlowConfig, latentChannels } from '@glow-onnx/flow/manifest';
import { hold } from './fault.js';

/** An extent: a number, or the name that the graph gives it, such as `batch` or `height/2`. */
export type Extent = number | string;
export type Extents = readonly Extent[];

/** The inputs and outputs of a graph in their order, all float32. */
export interface Signature {
  readonly inputs: Readonly<Record<string, Extents>>;
  readonly outputs: Readonly<Record<string, Extents>>;
}

/** The graphs of a model. */
export const graphKinds = ['encode', 'decode'] as const;
export type GraphKind = (typeof graphKinds)[number];
/** A graph of a model with its derivative. The runtime builds it from the graph of that kind. */
export type GradientKind = `${GraphKind}-gradient`;
/** A graph that the runtime builds from one of the folder's graphs. */
export type DerivedKind = GradientKind | 'encode-surprise' | 'encode-features';
export type ShapeConfig = Pick<GlowConfig, 'channels' | 'levels' | 'steps' | 'hiddenChannels' | 'classes'>;

/** The inputs and outputs that a config gives each kind of graph. */
export function signatureOf(kind: GraphKind | DerivedKind, config: ShapeConfig): Signature {
  const { channels, levels, classes } = config;
  const extents: Extents = ['batch', channels, 'height', 'width'];
  const image = { x: extents };
  const label = classes > 0 && { label: ['batch', classes, 1, 1] };
  const latents = Object.fromEntries(
    Array.from({ length: levels }, (_, l): [string, Extents] => [
      `z${l}`,
      ['batch', latentChannels(config, l), `height/${2 ** (l + 1)}`, `width/${2 ** (l + 1)}`],
    ]),
  );
  switch (kind) {
    case 'encode':
      return {
        inputs: { ...image, ...label },
        outputs: { ...latents, log_prob: ['batch'], log_prob_levels: ['batch', levels] },
      };
    case 'decode':
      return { inputs: { ...latents, ...label }, outputs: image };
    case 'encode-gradient':
      return {
        inputs: { ...image, ...label },
        outputs: { ...latents, log_prob: ['batch'], gradient: extents },
      };
    case 'encode-surprise':
      return {
        inputs: { ...image, ...label },
        outputs: { ...latents, log_prob: ['batch'], surprise: ['batch', 1, 'height', 'width'] },
      };
    case 'encode-features':
      return { inputs: { ...image, ...regionInputs(config) }, outputs: featureOutputs(config) };
    case 'decode-gradient':
      return {
        inputs: { ...latents, ...label, target: extents, weight: extents, cotangent: extents },
        outputs: {
          ...image,
          misfit: ['batch'],
          ...Object.fromEntries(Object.entries(latents).map(([name, z]) => [`d${name}`, z])),
        },
      };
    default:
      return kind satisfies never;
  }
}

/** Halves of the height times halves of the width, over which `encode-features` takes means. */
export const regions = 4;

/** The output of `encode-features` for each conditioner, in the order of the flow. */
export function featureNames({ levels, steps }: Pick<ShapeConfig, 'levels' | 'steps'>): string[] {
  return Array.from(
    { length: levels * steps },
    (_, i) => `levels.${Math.floor(i / steps)}.steps.${i % steps}.features`,
  );
}

function regionInputs({ levels }: ShapeConfig): Signature['inputs'] {
  const sides = Array.from({ length: levels }, (_, level) => 2 ** (level + 1));
  return Object.fromEntries(
    sides.map((side, level) => [`regions${level}`, [1, regions, `height/${side}`, `width/${side}`]]),
  );
}

function featureOutputs(config: ShapeConfig): Signature['outputs'] {
  const shape = ['batch', regions * config.hiddenChannels];
  return Object.fromEntries(featureNames(config).map((name) => [name, shape]));
}

/** The extent times 2^power, such as `height/2` for `height` and −1. @throws RangeError if it has no such name. */
export function scaled(extent: Extent, power: -1 | 1): Extent {
  const [symbol, over] = partsOf(extent);
  const divisor = over / 2 ** power;
  hold(symbol !== '' && divisor >= 1, () => `extent ${extent} cannot be halved or doubled`);
  return divisor === 1 ? symbol : `${symbol}/${divisor}`;
}

/** The symbol and the divisor of an extent such as `height/2`; no symbol for a number. */
export function partsOf(extent: Extent): [symbol: string, divisor: number] {
  if (typeof extent === 'number') return ['', 1];
  const [symbol, divisor = '1'] = extent.split('/') as [string, string?];
  return [symbol, Number(divisor)];
}
