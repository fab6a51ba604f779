import type { GlowModel } from '../model/model.js';
import type { PortableError } from './portable-error.js';

/** The members of a `Worker` that are used here. A MessagePort has them too, except `terminate`. */
export interface WorkerLike extends PortLike {
  terminate?(): void;
}

/** The members of a `MessagePort` that are used here. */
export interface PortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(
    type: 'message' | 'messageerror' | 'error',
    listener: (event: { readonly type: string }) => void,
  ): void;
  /** A port needs this call; a worker does not have it. */
  start?(): void;
}

/**
 * The worker for a model: `true` for the worker of this package, the address of a script that calls `serveGlow`, or a
 * Worker with such a script.
 */
export type WorkerChoice = boolean | string | URL | WorkerLike;

type Callable = {
  [Key in keyof GlowModel]: GlowModel[Key] extends (...args: never[]) => Promise<unknown> ? Key : never;
}[keyof GlowModel];
/** The methods of a model that run in the worker. */
export type Method = Exclude<Callable, 'dispose'>;
export type Call = Method | 'loadGlow' | 'dispose';

/** For each method the position of its options among its arguments. */
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

/** A message from the page to its worker. */
export type Request =
  | {
      readonly id: number;
      readonly call: Call;
      /** The arguments without the options. */
      readonly args: readonly unknown[];
      /** The options without `onProgress` and `signal`. */
      readonly options: object;
      /** Whether the page wants progress messages. */
      readonly reports: boolean;
    }
  | { readonly id: number; readonly abort: true };

/** A message from the worker to the page. */
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PortableError }
  | { readonly id: number; readonly progress: unknown };

/** The buffers in a value. A message can transfer them instead of copying, because the sender no longer needs them. */
export function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}
