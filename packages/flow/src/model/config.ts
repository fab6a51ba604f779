import { checkVersion } from '../reading/format-version.js';
import { isObject } from '../reading/parse-json.js';
import * as z from '../reading/schema.js';
import { show } from '../reading/show.js';

const count = (max: number) => z.int().check(z.minimum(1), z.maximum(max));

const configSchema = z.strictObject({
  /** Version of this schema. */
  version: z.literal(1),
  /** Channels C: 1 grey, 3 RGB, or those of feature maps. */
  channels: count(256),
  /** Height and width of the training images in pixels; the model takes any size that 2^levels divides. */
  height: count(16384),
  width: count(16384),
  /** Levels L. */
  levels: count(10),
  /** Steps per level K. */
  steps: count(256),
  /** Channels of the conditioner's hidden layers; a multiple of 4. */
  hiddenChannels: count(4096).check(z.multipleOf(4)),
  /** Bits per colour channel n; 0: the values are not pixels but real numbers, such as features. */
  bits: z.int().check(z.minimum(0), z.maximum(8)),
  /** The model sees the logit of ½ + logitRange·x instead of x; 0: x itself. */
  logitRange: z._default(z.number().check(z.minimum(0), z.maximum(0.999)), 0),
  /** The invertible 1×1 convolution: LU factors, a plain matrix, or (fixed) a shuffle or a reversal of channels. */
  conv1x1: z.enum(['lu', 'full', 'shuffle', 'reverse']),
  /** The coupling's map of its changed half. */
  coupling: z.enum(['tanh', 'sigmoid', 'bounded', 'additive', 'scaled-tanh']),
  /** How a network's output is read as two parameters: its two halves, or its even and odd channels. */
  parameterOrder: z.enum(['halves', 'interleaved']),
  /** Which half becomes the latent at a split. */
  splitLatent: z.enum(['first', 'second']),
  /**
   * Padding of 3×3 convolutions. `ones` is for the last convolution of a conditioner and for priors, `border` for all.
   */
  padding: z.enum(['zeros', 'ones', 'border']),
  /** A scale and a bias per channel, and a ReLU, before the conditioner's first convolution. */
  inputRelu: z._default(z.boolean(), false),
  /**
   * The conditioner's second layer: a 1×1 convolution and ReLU (`plain`), or h plus that of h (`residual`), or h plus one
   * convolution of h times the sigmoid of another (`gated`).
   */
  hiddenLayer: z._default(z.enum(['plain', 'residual', 'gated']), 'plain'),
  /** Actnorm after the conditioner's first two convolutions. */
  hiddenActnorm: z.boolean(),
  /** A factor exp(3·gain) per channel on the conditioner's output. */
  outputGain: z.boolean(),
  /** Initial hidden weights: uniform ±1/√fanIn, or normal with standard deviation 0.05. */
  hiddenInit: z.enum(['uniform', 'normal']),
  /**
   * Prior of the latents: N(0, I), or mean and log-sd predicted at each split and learned at the top (`bounded`: with
   * bounds on the log-sd that convolutions predict).
   */
  prior: z.enum(['standard', 'learned', 'bounded']),
  /** The learned prior at the top: per channel, or (imports) a convolution of zeros. */
  topPrior: z.enum(['channel', 'conv']),
  /** Number of class labels; 0 for none. */
  classes: z.int().check(z.minimum(0), z.maximum(65536)),
  /** The label changes the learned priors of all levels, not that of the top alone. */
  splitClasses: z._default(z.boolean(), false),
});

/** The choices that determine a model's layers and shapes. Checkpoints and model folders store them. */
export type GlowConfig = Readonly<z.infer<typeof configSchema>>;

const openai = {
  conv1x1: 'full',
  coupling: 'sigmoid',
  parameterOrder: 'interleaved',
  splitLatent: 'second',
  padding: 'border',
  hiddenActnorm: true,
  outputGain: true,
  hiddenInit: 'normal',
  prior: 'learned',
  topPrior: 'conv',
} as const;

/**
 * Sets of choices: `tutorial`, `port` (the most used public port), `openai` (official Glow) and `bounded` (the same with
 * bounds on shifts and scales, which keep the numbers of encode finite for every image).
 */
export const presets = {
  tutorial: {
    conv1x1: 'lu',
    coupling: 'tanh',
    parameterOrder: 'halves',
    splitLatent: 'first',
    padding: 'zeros',
    hiddenActnorm: false,
    outputGain: false,
    hiddenInit: 'uniform',
    prior: 'standard',
    topPrior: 'channel',
  },
  port: {
    conv1x1: 'lu',
    coupling: 'sigmoid',
    parameterOrder: 'halves',
    splitLatent: 'second',
    padding: 'ones',
    hiddenActnorm: false,
    outputGain: true,
    hiddenInit: 'normal',
    prior: 'learned',
    topPrior: 'conv',
  },
  openai,
  bounded: { ...openai, coupling: 'bounded', prior: 'bounded' },
} as const satisfies Record<string, Partial<GlowConfig>>;

/** Names of the presets. */
export type PresetName = keyof typeof presets;

/** Input of `createConfig`. The shape of the training images has no default. */
export type ConfigInput = Pick<GlowConfig, 'channels' | 'height' | 'width'> & Partial<GlowConfig>;

/**
 * Completes a config with a preset (default: `tutorial`) and defaults, and checks the result. Defaults: the largest
 * `levels` ≤ 3 for which 2^levels divides height and width, 8 `steps`, 64 `hiddenChannels`, 8 `bits`, no `classes`. A
 * model of real numbers needs `bits: 0`.
 * @throws RangeError naming the field, the expected value and the given value.
 * @example
 * const config = createConfig({ channels: 3, height: 32, width: 32, steps: 16 }, 'openai');
 */
export function createConfig(input: ConfigInput, preset: PresetName = 'tutorial'): GlowConfig {
  if (!Object.hasOwn(presets, preset)) {
    const known = Object.keys(presets).join(', ');
    throw new RangeError(`config: preset: expected one of ${known}, got ${String(preset)}`);
  }
  const levels = [3, 2, 1].find((l) => input.height % 2 ** l === 0 && input.width % 2 ** l === 0) ?? 1;
  return parseConfig({
    version: 1,
    levels,
    steps: 8,
    hiddenChannels: 64,
    bits: 8,
    classes: 0,
    ...presets[preset],
    ...input,
  });
}

/**
 * Checks a config from outside, such as the config of a file.
 * @throws RangeError naming the field, the expected value and the given value.
 */
export function parseConfig(value: unknown): GlowConfig {
  if (isObject(value) && value.version !== undefined) checkVersion('config', value.version, 1);
  const result = configSchema.safeParse(value);
  if (!result.success) throw new RangeError(`config: ${describeIssue(result.error, value)}`);
  const config = result.data;
  const divisor = 2 ** config.levels;
  for (const side of ['height', 'width'] as const) {
    if (config[side] % divisor !== 0) {
      const less = Math.floor(config[side] / divisor) * divisor;
      const fitting = [less, less + divisor].filter((size) => size > 0).join(' or ');
      throw new RangeError(
        `config: ${side} ${config[side]} cannot pass ${config.levels} level${config.levels > 1 ? 's' : ''}: it must be ` +
          `divisible by ${divisor}; ${config.bits > 0 ? 'resize the images' : `crop or pad the feature maps to ${fitting}`}` +
          `${config.levels > 1 ? ' or lower levels' : ''}`,
      );
    }
  }
  if (config.prior !== 'standard' && config.topPrior === 'conv' && config.padding === 'zeros') {
    throw new RangeError(
      'config: topPrior "conv" is a convolution of zeros, which padding "zeros" leaves without effect; ' +
        'use padding "ones" or "border", or topPrior "channel"',
    );
  }
  if (config.classes > 0 && config.prior === 'standard') {
    throw new RangeError(
      `config: classes ${config.classes} needs prior "learned" or "bounded", got prior "${config.prior}"`,
    );
  }
  if (config.bits === 0 && config.logitRange > 0) {
    throw new RangeError(
      `config: logitRange ${config.logitRange} is about pixels, but 0 bits are numbers, which have no range; ` +
        'leave logitRange out',
    );
  }
  if (config.splitClasses && config.classes === 0) {
    throw new RangeError('config: splitClasses needs classes; set their number, or leave splitClasses out');
  }
  return config;
}

/** The first fault of a failed parse: path, expected value, given value. */
export function describeIssue(error: { readonly issues: readonly object[] }, value: unknown): string {
  const issue = error.issues[0] as z.Issue | undefined;
  if (!issue) return 'is not valid';
  const path = issue.path.map(String).join('.').slice(0, 200) || '(whole)';
  let found: unknown = value;
  for (const key of issue.path) {
    found =
      typeof found === 'object' && found !== null ? (found as Record<PropertyKey, unknown>)[key] : undefined;
  }
  const got = issue.code === 'unrecognized_keys' ? issue.keys.join(', ').slice(0, 120) : show(found);
  return `${path}: ${describeExpectation(issue)}, got ${got}`;
}

function describeExpectation(issue: z.Issue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `expected one of ${issue.values.map((v) => JSON.stringify(v)).join(', ')}`;
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'too_small':
      return `expected at least ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return 'unknown field';
    case 'invalid_format':
      return `expected text of the form ${issue.pattern}`;
    default:
      return 'expected another value';
  }
}
