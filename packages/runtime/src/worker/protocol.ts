import type { GlowModel } from '../model/model.js';
import type { PortableError } from './portable-error.js';

type Callable = {
  [Key in keyof GlowModel]: GlowModel[Key] extends (...args: never[]) => Promise<unknown> ? Key : never;
}[keyof GlowModel];
/** The model's calls that a worker does. */
export type Method = Exclude<Callable, 'dispose'>;
export type Call = Method | 'loadGlow' | 'dispose';

/** For each method the place of its options among its arguments. */
export const optionsAt = {
  prepare: 1,
  encode: 1,
  decode: 1,
  reconstruct: 1,
  sample: 0,
  bitsPerDim: 1,
  score: 1,
  interpolate: 2,
  mix: 3,
  attributeDirection: 2,
  applyAttribute: 3,
} as const satisfies Readonly<Record<Method, number>>;

/** What a page says to its worker. */
export type Request =
  | {
      readonly id: number;
      readonly call: Call;
      /** Without options. */
      readonly args: readonly unknown[];
      /** Without `onProgress` and `signal`. */
      readonly options: object;
      readonly reports: boolean;
    }
  | { readonly id: number; readonly abort: true };

/** What the worker says. */
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PortableError }
  | { readonly id: number; readonly progress: unknown };

/** The memory of what is sent for good, which need not be copied then. */
export function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}

/** What is to know of a model without asking it anything. */
export type Facts = {
  [Key in keyof GlowModel as GlowModel[Key] extends AnyFunction ? never : Key]: GlowModel[Key];
};
type AnyFunction = (...args: never[]) => unknown;
