import { add, div, graph, input, mul, permute, reduceSum, scalar, sqrt, type Value } from '@glow-onnx/graph';
import { matmul } from '@glow-onnx/graph/internal';
import { type Device, type OpenSession, openSession, type RuntimeOptions } from '@glow-onnx/runtime/session';
import { newtonSchulz, type Orthogonalise } from '../engine/muon.js';
import { encodeGraph } from './encode-graph.js';
import { explainUpdate } from './explain-failure.js';

/** `Orthogonalise` by ONNX Runtime. Its graph opens at the first call; later calls have the same shapes. */
export function createOrthogonaliser(
  options: Pick<RuntimeOptions, 'threads' | 'wasmPaths'> & { readonly device: Device },
): { readonly orthogonalise: Orthogonalise; dispose(): Promise<void> } {
  let opening: Promise<OpenSession> | undefined;
  const open = (shapes: readonly (readonly number[])[]): Promise<OpenSession> => {
    const inputs = shapes.map((shape, i) => input(`stack${i}`, 'float32', shape));
    const outputs = Object.fromEntries(inputs.map((stack, i) => [`turned${i}`, orthogonal(stack)]));
    const model = encodeGraph(graph({ name: 'orthogonalise', inputs, outputs }));
    return openSession({ ...options, model, memoryPattern: false }).catch((error) => {
      opening = undefined;
      throw explainUpdate(error, options.device);
    });
  };
  return {
    async orthogonalise(stacks) {
      opening ??= open(stacks.map(({ shape }) => shape));
      const session = await opening;
      const inputs = Object.fromEntries(stacks.map((stack, i) => [`stack${i}`, stack]));
      const outputs = await session.run(inputs).catch((error) => {
        throw explainUpdate(error, options.device);
      });
      return stacks.map((_, i) => outputs[`turned${i}`]);
    },
    async dispose() {
      const session = await opening?.catch(() => undefined);
      await session?.release().catch(() => {}); // fails if the GPU was lost
    },
  };
}

/** `Orthogonalise` of one stack. A tall matrix is turned as its transpose, whose products are smaller. */
export function orthogonal(stack: Value): Value {
  const [, rows, columns] = stack.shape as number[];
  if (rows > columns) return transposed(orthogonal(transposed(stack)));
  const { steps, a, b, c, epsilon } = newtonSchulz;
  const norm = sqrt(reduceSum(mul(stack, stack), [1, 2], { keepDims: true }));
  let x = div(stack, add(norm, scalar(epsilon)));
  for (let step = 0; step < steps; step++) {
    const square = matmul(x, transposed(x));
    const factor = add(mul(square, scalar(b)), mul(matmul(square, square), scalar(c)));
    x = add(mul(x, scalar(a)), matmul(factor, x));
  }
  return x;
}

function transposed(stack: Value): Value {
  return permute(stack, [0, 2, 1]);
}
