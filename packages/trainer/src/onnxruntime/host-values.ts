import { type Float64Tensor, type Named, tensor } from '@glow-onnx/flow';
import type { Value } from '@glow-onnx/graph';
import type { FloatTensor } from '@glow-onnx/runtime/session';

/**
 * Inputs of a graph that JavaScript computes in float64 from the parameters before each run, because ONNX has no
 * matrix inverse. `compute` returns their values under the same keys as `inputs`.
 */
export interface HostValues {
  /** The parameters that `compute` asks for. */
  readonly needs: readonly string[];
  readonly inputs: Readonly<Record<string, Value>>;
  compute(parameter: (name: string) => Float64Tensor): Named<Float64Tensor>;
}

/** The values of all host inputs of a graph, by the names of the inputs. */
export function computeHostValues(
  host: readonly HostValues[],
  parameters: Named<FloatTensor>,
): Record<string, FloatTensor> {
  const parameter = (name: string) => tensor(parameters[name].shape, parameters[name].data);
  return Object.fromEntries(
    host.flatMap(({ inputs, compute }) => {
      const values = compute(parameter);
      return Object.entries(inputs).map(([key, { name }]) => {
        const { shape, data } = values[key];
        return [name as string, { shape, data: Float32Array.from(data) }];
      });
    }),
  );
}
