import { latentChannels, latentShapes } from '@glow-onnx/flow/manifest';
import type { FloatImage, GlowModel, Latents, PictureSize } from '@glow-onnx/runtime/node';
import type { Work } from '../batcher.js';
import { HttpError } from '../http-error.js';
import { sizeOf, type Tensor, type TensorMetadata, type Tensors } from './tensor.js';

/** A model of the protocol: one of the graphs of a model folder. */
export interface Endpoint {
  readonly kind: EndpointKind;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Takes the tensors of each image and gives those of each image, without the extent of the batch. */
  readonly work: Work<Tensors, Tensors>;
  /** Height and width of the images of a batch. */
  sizeOf(inputs: Tensors): PictureSize;
  /** The numbers of each output for a batch of images of this size. */
  outputSizes(count: number, size: PictureSize): readonly number[];
}

export type EndpointKind = 'encode' | 'decode' | 'encode-gradient' | 'decode-gradient';

/** The endpoints of a model. Models of the precision fp16 have no gradients. */
export function endpointsOf(model: GlowModel): Endpoint[] {
  const { channels, levels, classes } = model.config;
  const tensor = (name: string, ...shape: number[]): TensorMetadata => ({
    ...{ name, datatype: 'FP32' },
    shape: [-1, ...shape],
  });
  const image = (name: string) => tensor(name, channels, -1, -1);
  const latents = (prefix: string) =>
    Array.from({ length: levels }, (_, level) =>
      tensor(`${prefix}${level}`, latentChannels(model.config, level), -1, -1),
    );
  const label = classes > 0 ? [tensor('label', classes, 1, 1)] : [];
  const logProb = tensor('log_prob');
  const ofX = (count: number, { height, width }: PictureSize) => count * channels * height * width;
  const ofZ = (count: number, { height, width }: PictureSize) =>
    latentShapes(model.config, count, height, width).map(sizeOf);
  const optionsOf = (rows: readonly Tensors[], signal: AbortSignal) => ({
    ...(classes > 0 && { label: rows.map(({ label }) => classOf(label as Tensor)) }),
    signal,
  });
  const ofImage: Endpoint['sizeOf'] = ({ x }) => sidesOf(x as Tensor, 1);
  const ofLatents: Endpoint['sizeOf'] = ({ z0 }) => sidesOf(z0 as Tensor, 2);
  const xOf = (rows: readonly Tensors[]) => rows.map(({ x }) => x as FloatImage);
  const zOf = (rows: readonly Tensors[]) => rows.map((row) => latentsOf(row, levels));
  const all: Endpoint[] = [
    {
      ...{ kind: 'encode', inputs: [image('x'), ...label], outputs: [...latents('z'), logProb] },
      outputSizes: (count, size) => [...ofZ(count, size), count],
      sizeOf: ofImage,
      work: {
        key: 'encode',
        async run(rows, signal) {
          const { z, logProb } = await model.encode(xOf(rows), optionsOf(rows, signal));
          return rows.map((_, i) => ({
            ...levelsOf('z', z[i] as Latents),
            log_prob: scalar(logProb[i] as number),
          }));
        },
      },
    },
    {
      ...{ kind: 'decode', inputs: [...latents('z'), ...label], outputs: [image('x')] },
      outputSizes: (count, size) => [ofX(count, size)],
      sizeOf: ofLatents,
      work: {
        key: 'decode',
        async run(rows, signal) {
          const images = await model.decodeFloats(zOf(rows), optionsOf(rows, signal));
          return images.map((x) => ({ x }));
        },
      },
    },
    {
      ...{ kind: 'encode-gradient', inputs: [image('x'), ...label], outputs: [logProb, image('gradient')] },
      outputSizes: (count, size) => [count, ofX(count, size)],
      sizeOf: ofImage,
      work: {
        key: 'encode-gradient',
        async run(rows, signal) {
          const { logProb, gradient } = await model.logProbGradient(xOf(rows), optionsOf(rows, signal));
          return gradient.map((each, i) => ({ log_prob: scalar(logProb[i] as number), gradient: each }));
        },
      },
    },
    {
      ...{ kind: 'decode-gradient', inputs: [...latents('z'), image('cotangent'), ...label] },
      ...{ outputs: [image('x'), ...latents('dz')], sizeOf: ofLatents },
      outputSizes: (count, size) => [ofX(count, size), ...ofZ(count, size)],
      work: {
        key: 'decode-gradient',
        async run(rows, signal) {
          const cotangents = rows.map(({ cotangent }) => cotangent as FloatImage);
          const { x, gradient } = await model.decodeGradient(zOf(rows), cotangents, optionsOf(rows, signal));
          return x.map((each, i) => ({ x: each, ...levelsOf('dz', gradient[i] as Latents) }));
        },
      },
    },
  ];
  return model.precision === 'fp16' ? all.filter(({ kind }) => !kind.endsWith('gradient')) : all;
}

function scalar(value: number): Tensor {
  return { shape: [], data: Float32Array.of(value) };
}

function levelsOf(prefix: string, { levels }: Latents): Tensors {
  return Object.fromEntries(levels.map((level, i) => [`${prefix}${i}`, level]));
}

function latentsOf(row: Tensors, levels: number): Latents {
  return { levels: Array.from({ length: levels }, (_, level) => row[`z${level}`] as FloatImage) };
}

function sidesOf({ shape }: Tensor, factor: number): PictureSize {
  return { height: factor * (shape[2] as number), width: factor * (shape[3] as number) };
}

/** The class of a one-hot vector. @throws HttpError 400 if it is none. */
function classOf({ data }: Tensor): number {
  const index = data.indexOf(1);
  if (index >= 0 && data.every((value, i) => value === Number(i === index))) return index;
  throw new HttpError(400, 'input "label": expected 1 at the class of each image and 0 elsewhere');
}
