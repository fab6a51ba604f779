import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { oneHot } from '../model/labels.js';
import { levelShapes } from '../model/latents.js';
import type { NamedTensors } from '../sessions/feeds.js';
import type { GraphRunner, OpenGraphs } from '../sessions/open-graphs.js';
import type { FloatTensor } from '../sessions/tensor.js';
import type { Encoded, Prior } from './prior.js';

/** A batch of images of one size, with their classes if the model has any. */
export interface BatchShape {
  readonly height: number;
  readonly width: number;
  readonly labels: readonly (number | undefined)[];
}

/** The graphs of a model as the density of a batch of images. */
export async function openPrior(
  config: GlowConfig,
  graphs: Pick<OpenGraphs, 'encoder' | 'decoder' | 'gradient'>,
  { height, width, labels }: BatchShape,
): Promise<Prior> {
  const [encoder, decoder, encodeGradient, decodeGradient] = await Promise.all([
    graphs.encoder(),
    graphs.decoder(),
    graphs.gradient('encode'),
    graphs.gradient('decode'),
  ]);
  const batch = labels.length;
  const image = [batch, config.channels, height, width];
  const levels = levelShapes(config, height, width).map((shape) => [batch, ...shape]);
  const labelled: NamedTensors =
    config.classes > 0
      ? { label: { shape: [batch, config.classes, 1, 1], data: oneHot(labels as number[], config.classes) } }
      : {};
  const asImage = (data: Float32Array): FloatTensor => ({ shape: image, data });
  const asLatents = (z: readonly Float32Array[]): NamedTensors =>
    Object.fromEntries(
      levels.map((shape, level) => [`z${level}`, { shape, data: z[level] as Float32Array }]),
    );
  const dataOf = (outputs: NamedTensors, name: string): Float32Array => (outputs[name] as FloatTensor).data;
  const encodedBy = async (
    graph: GraphRunner,
    x: Float32Array,
  ): Promise<Encoded & { outputs: NamedTensors }> => {
    const outputs = await graph.run({ x: asImage(x), ...labelled });
    const z = levels.map((_, level) => dataOf(outputs, `z${level}`));
    return { logProb: dataOf(outputs, 'log_prob'), z, outputs };
  };
  return {
    batch,
    size: config.channels * height * width,
    latentSizes: levels.map((shape) => shape.slice(1).reduce((product, extent) => product * extent, 1)),
    encode: (x) => encodedBy(encoder, x),
    async gradient(x) {
      const { outputs, ...encoded } = await encodedBy(encodeGradient, x);
      return { ...encoded, gradient: dataOf(outputs, 'gradient') };
    },
    decode: async (z) => dataOf(await decoder.run({ ...asLatents(z), ...labelled }), 'x'),
    async pull(z, pull) {
      const images = Object.fromEntries(Object.entries(pull).map(([name, data]) => [name, asImage(data)]));
      const outputs = await decodeGradient.run({ ...asLatents(z), ...labelled, ...images });
      return { x: dataOf(outputs, 'x'), dz: levels.map((_, level) => dataOf(outputs, `dz${level}`)) };
    },
  };
}
