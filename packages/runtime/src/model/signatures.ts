import {
  aFunction,
  anAbortSignal,
  anything,
  checkOptions,
  describe,
  integerFrom,
  listOf,
  looksLikeOptions,
  oneOf,
  type Rule,
  type Rules,
} from '@glow-onnx/flow/manifest';
import { aRate } from '../calibration/rate.js';
import { statistics } from '../calibration/statistics.js';
import { fits } from '../pictures/fits.js';
import { methods } from '../restore/methods.js';
import { bounds } from './bounds.js';
import type { CalibrateOptions } from './calibrate.js';
import type { CallOptions, FitOptions } from './call.js';
import type { EditOptions } from './edit.js';
import type { EncodeOptions } from './encode-decode.js';
import { looksLikeLatents } from './latents.js';
import type { DrawOptions } from './measure.js';
import type { GlowModel } from './model.js';
import { mostSamples, type RestoreOptions } from './restored.js';
import type { SampleOptions } from './sample.js';
import type { ScoreOptions } from './score.js';
import { forms } from './surprise-forms.js';

/** The methods of a model that run its graphs. */
export type Method = Exclude<
  {
    [Key in keyof GlowModel]: GlowModel[Key] extends (...args: never[]) => Promise<unknown> ? Key : never;
  }[keyof GlowModel],
  'dispose'
>;

/** A method's arguments by name, and its options, which come last. */
type Signature<M extends Method> =
  Required<Parameters<GlowModel[M]>> extends [...infer Given, infer Options]
    ? { readonly takes: { readonly [Place in keyof Given]: string }; readonly options: Rules<Options> }
    : never;

// Labels, levels and temperatures are checked where they are used: the model decides what they may be.
const seed = integerFrom(0);
const call: Rules<CallOptions> = { onProgress: aFunction, signal: anAbortSignal };
const fitted: Rules<FitOptions> = { fit: oneOf(fits), onFit: aFunction, ...call };
const edit: Rules<EditOptions> = { label: anything, ...fitted };
const encode: Rules<EncodeOptions> = edit;
const aShare: Rule = {
  expected: 'a number from 0.001 to 1: 0.1 is a tenth of the range',
  type: 'number',
  holds: (value) => (value as number) >= 0.001 && (value as number) <= 1,
};
const aFactor: Rule = { expected: '2 or 4', type: 'number', holds: (value) => value === 2 || value === 4 };
const restore: Rules<RestoreOptions> = {
  samples: integerFrom(1, mostSamples),
  temperature: {
    ...{ expected: 'a number from 0 to 10', type: 'number' },
    holds: (value) => (value as number) >= 0 && (value as number) <= 10,
  },
  ...{ seed, steps: integerFrom(1), onStep: aFunction },
  method: oneOf(methods),
  ...encode,
};
const draw: Rules<DrawOptions> = { draws: integerFrom(1), bound: oneOf(bounds), seed, ...encode };
const score: Rules<ScoreOptions> = { calibration: anything, falseAlarms: aRate, ...draw };
const aList: Rule = { expected: 'a list', type: 'object', holds: Array.isArray };
const calibrate: Rules<CalibrateOptions> = {
  ...{ falseAlarms: aRate, statistics: listOf(statistics), groups: aList },
  ...draw,
};
const { label, ...prepare } = encode;
const sample: Rules<SampleOptions> = {
  ...{ count: integerFrom(0), temperature: anything, seed, label },
  ...{ height: integerFrom(1), width: integerFrom(1) },
  ...call,
};

export const signatures: { readonly [M in Method]: Signature<M> } = {
  prepare: { takes: ['images'], options: prepare },
  encode: { takes: ['images'], options: encode },
  decode: { takes: ['z'], options: { label, ...call } },
  reconstruct: { takes: ['images'], options: encode },
  sample: { takes: [], options: sample },
  bitsPerDim: { takes: ['images'], options: draw },
  score: { takes: ['images'], options: score },
  calibrate: { takes: ['images'], options: calibrate },
  surprise: {
    takes: ['images'],
    options: { form: oneOf(forms), draws: integerFrom(1), seed, ...encode },
  },
  interpolate: {
    takes: ['a', 'b'],
    options: { steps: integerFrom(2), mode: oneOf(['linear', 'spherical']), levels: anything, ...edit },
  },
  mix: { takes: ['a', 'b', 'levels'], options: edit },
  attributeDirection: { takes: ['withIt', 'without'], options: edit },
  applyAttribute: { takes: ['images', 'direction', 'strength'], options: edit },
  inpaint: { takes: ['images', 'mask'], options: restore },
  denoise: {
    takes: ['images'],
    options: { ...restore, sigma: aShare },
  },
  enlarge: { takes: ['images'], options: { ...restore, factor: aFactor } },
  features: { takes: ['images'], options: prepare },
  decodeFloats: { takes: ['z'], options: { label, ...call } },
  sampleFloats: { takes: [], options: sample },
  logProbGradient: { takes: ['images'], options: encode },
  decodeGradient: { takes: ['z', 'cotangent'], options: { label, ...call } },
};

/**
 * Checks the options of a call, and that they come last.
 * @throws TypeError or RangeError that names the option, or the order of the arguments.
 */
export function checkCall(method: Method, args: readonly unknown[]): void {
  const { takes, options } = signatures[method] as {
    readonly takes: readonly string[];
    readonly options: Rules<object>;
  };
  const order = `call it as ${method}(${[...takes, 'options'].join(', ')})`;
  // Latents look like the option levels.
  const early = takes.findIndex((_, i) => looksLikeOptions(args[i], options) && !isInput(args[i]));
  if (early >= 0) {
    throw new TypeError(
      `${method}: ${takes[early]}: expected ${expectedAs(takes[early])}, got ${describe(args[early])}; ${order}`,
    );
  }
  const last: unknown = args[takes.length];
  if (isInput(last)) {
    throw new TypeError(
      `${method}: expected options, got ${describe(last)}; ${order}, several images as an array`,
    );
  }
  checkOptions(method, last as object | undefined, options);
}

function expectedAs(name: string | undefined): string {
  return name === 'levels' ? 'a list of levels' : name === 'strength' ? 'a number' : 'an image or latents';
}

/** Whether an argument is an image or latents, as far as its form tells. */
function isInput(arg: unknown): boolean {
  if (typeof arg !== 'object' || arg === null) return typeof arg === 'string';
  if (ArrayBuffer.isView(arg) || arg instanceof URL || 'data' in arg || looksLikeLatents(arg)) return true;
  return Array.isArray(arg) && arg.some(isInput);
}
