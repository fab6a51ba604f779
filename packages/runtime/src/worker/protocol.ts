import type { GlowModel } from '../model/model.js';
import type { Method } from '../model/signatures.js';
import type { PortableError } from './portable-error.js';

export type Call = Method | 'loadGlow' | 'dispose';

/** Options that are functions: the worker sends what they shall be called with. */
export const listenersOf = ['onProgress', 'onFit', 'onStep'] as const;
export type Listener = (typeof listenersOf)[number];

/** A message from the caller to a worker. */
export type Request =
  | {
      readonly id: number;
      readonly call: Call;
      /** The arguments without the options. */
      readonly args: readonly unknown[];
      /** The options without the listeners and `signal`. */
      readonly options: object;
      /** The listeners that the caller has. */
      readonly listeners: readonly Listener[];
      /** The folder that relative paths start from. */
      readonly folder?: string | undefined;
    }
  | { readonly id: number; readonly abort: true };

/** A message from the worker to the caller. */
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PortableError }
  | { readonly id: number; readonly listener: Listener; readonly event: unknown }
  | { readonly warning: string };

/** The buffers in a value. A message can transfer them instead of copying, because the sender no longer needs them. */
export function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}

/** The properties of a model that are not methods. */
export type Facts = {
  [Key in keyof GlowModel as GlowModel[Key] extends AnyFunction ? never : Key]: GlowModel[Key];
};
type AnyFunction = (...args: never[]) => unknown;
