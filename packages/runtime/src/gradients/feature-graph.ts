import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { concat, encodeModel, graph, input, mul, reduceSum, slice, type Value } from '@glow-onnx/graph';
import { cast, reach } from '@glow-onnx/graph/internal';
import { featureNames, regions } from '../graphs/signature.js';
import { version } from '../version.js';
import { type FolderGraph, graphValues } from './graph-values.js';

/**
 * The encode graph of a model folder up to its last conditioner, as the bytes of an .onnx file: x and the weights of
 * regions → for each conditioner the weighted sums of its second hidden image, [batch, regions·hidden], region by region.
 * `regions<l>` is [1, regions, height/2^(l+1), width/2^(l+1)]. The class of an image changes nothing before the priors,
 * so `label` is no input.
 * @throws RangeError if the graph has another number of conditioners than the config.
 */
export function featureGraph(source: FolderGraph, config: GlowConfig): Uint8Array {
  const { levels, steps } = config;
  const { inputs, outputs } = graphValues('encode', source);
  const images = hiddenImages(outputs, config);
  if (images.length !== levels * steps) {
    throw new RangeError(
      `the encode graph has ${images.length} conditioners, expected ${levels * steps}; export the model again`,
    );
  }
  const weights = Array.from({ length: levels }, (_, level) => {
    const [, , height, width] = (images[level * steps] as Value).shape;
    return input(`regions${level}`, 'float32', [1, regions, height as number, width as number]);
  });
  const sums = images.map((image, i) => regionSums(image, weights[Math.floor(i / steps)] as Value));
  const names = featureNames({ levels, steps });
  return encodeModel(
    graph({
      name: 'encode-features',
      inputs: [inputs.x as Value, ...weights],
      outputs: Object.fromEntries(names.map((name, i) => [name, sums[i] as Value])),
    }),
    { producer: { name: '@glow-onnx/runtime', version } },
  );
}

/**
 * The second hidden image of each conditioner, in the order of the flow, by the form that only conditioners have: the
 * ReLU of a 1×1 convolution of a ReLU; with another hidden layer the sum that ends it. Names cannot tell, since equal
 * weights are stored once.
 */
function hiddenImages(outputs: Readonly<Record<string, Value>>, { hiddenLayer }: GlowConfig): Value[] {
  const named = Object.entries(outputs).map(([name, value]) => ({ ...value, name }));
  return reach(named)
    .map(({ value }) => value)
    .filter(isHidden[hiddenLayer]);
}

const isHidden: Readonly<Record<GlowConfig['hiddenLayer'], (value: Value) => boolean>> = {
  plain: (value) => isSecond(inputOf(value, 'Relu')),
  residual: (value) => inputsOf(value, 'Add').some((part) => isSecond(inputOf(part, 'Relu'))),
  gated: (value) =>
    inputsOf(value, 'Add').some((part) =>
      inputsOf(part, 'Mul').some((half) => isSecond(inputOf(half, 'Slice'))),
    ),
};

/** Whether it is a 1×1 convolution of a ReLU. */
function isSecond(convolution: Value | undefined): boolean {
  const isPointwise = String(kernelOf(convolution)?.shape.slice(2)) === '1,1';
  return isPointwise && inputOf(inputOf(convolution, 'Conv'), 'Relu') !== undefined;
}

/** The first input of a value, if this operator made it. */
function inputOf(value: Value | undefined, operator: string): Value | undefined {
  return inputsOf(value, operator)[0];
}

/**
 * The inputs of a value, if this operator made it. It looks through the casts of fp16 among the inputs. A cast itself does
 * not count as what it casts, which would be found twice.
 */
function inputsOf(value: Value | undefined, operator: string): (Value | undefined)[] {
  const isIt = value?.source.kind === 'node' && value.source.operator === operator;
  return isIt ? value.source.inputs.map(withoutCasts) : [];
}

function withoutCasts(value: Value | undefined): Value | undefined {
  const isCast = value?.source.kind === 'node' && value.source.operator === 'Cast';
  return isCast ? withoutCasts(value.source.inputs[0]) : value;
}

function kernelOf(value: Value | undefined): Value | undefined {
  return value?.source.kind === 'node' ? value.source.inputs[1] : undefined;
}

function regionSums(image: Value, weights: Value): Value {
  const own = image.dtype === 'float32' ? image : cast(image, 'float32');
  const sums = Array.from({ length: regions }, (_, region) =>
    reduceSum(mul(own, slice(weights, 1, region, region + 1)), [2, 3]),
  );
  return concat(sums, 1);
}
