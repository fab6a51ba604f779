import {
  createRandom,
  decode,
  encode,
  type Float64Tensor,
  type FlowWeights,
  float64Ops,
  type Glow,
  type GlowConfig,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import {
  binToModel,
  filled,
  latentShapes,
  modelToBin,
  type Precision,
  sizeOf,
  takesPixels,
} from '@glow-onnx/flow/internal';
import { goldenPrefix } from '@glow-onnx/runtime/session';

/** The results of the float64 interpreter for a few images. Names are those of the graphs. */
export interface Reference {
  /** Bin centres, or numbers of float32: batch × channels × height × width. */
  readonly x: Float64Tensor;
  /** One-hot, for class-conditional models. */
  readonly label?: Float64Tensor;
  /** z0 …, rounded to float32. */
  readonly latents: readonly Float64Tensor[];
  readonly logProb: Float64Tensor;
  /** The images decoded from those latents. */
  readonly decoded: Float64Tensor;
}

/** Temperatures of samples, tried in this order: 1, which a user gets by default, and those of golden images. */
const temperatures = [1, 0.7, 0.5, 0.3, 0.1, 0] as const;
/** The highest temperature of golden images: below 1, so that a rare sample does not decide how accurate the model looks. */
const GOLDEN = 0.7;

/** Images to measure with: bin centres or numbers, and one-hot labels for a class-conditional model. */
export type Images = Pick<Reference, 'x' | 'label'>;

/** Latents of samples that are not finite, and the lowest temperature at which samples are not. */
export interface Divergence {
  readonly from: number;
  readonly latents: readonly Float64Tensor[];
  readonly label?: Float64Tensor;
}

/** Images drawn from the model, if it has finite ones, and where its samples diverge, if they do. */
export interface Samples {
  readonly images?: Images;
  readonly divergence?: Divergence;
}

/**
 * Draws images from the model, at the highest temperature of at most 0.7 at which they are finite, and rounds them to bin
 * centres (numbers to float32). The training images are not used: an import has none, and private images must not leak.
 * The images are of the first two classes; where samples diverge is tried with other classes too.
 */
export function sampleImages(glow: Glow, inverse: FlowWeights<Float64Tensor>): Samples {
  const { config } = glow;
  const size = referenceSize(glow);
  const label = labelsFor(config, size.batch);
  const rounded = takesPixels(config)
    ? (value: number): number => binToModel(modelToBin(value, config.bits), config.bits)
    : Math.fround;
  const { finite, divergence } = drawFinite(glow, inverse, size, label, GOLDEN);
  const ofClasses = config.classes > 2 ? divergenceOfClasses(glow, inverse) : undefined;
  const lower = [divergence, ofClasses].filter((one) => one !== undefined).sort((a, b) => a.from - b.from)[0];
  const images = finite && {
    x: { ...finite, data: finite.data.map((value) => rounded(value)) },
    ...(label && { label }),
  };
  return { ...(images && { images }), ...(lower && { divergence: lower }) };
}

/** Draws the same images at falling temperatures until they are finite, at one of at most `highest`. */
function drawFinite(
  glow: Glow,
  inverse: FlowWeights<Float64Tensor>,
  { batch, height, width }: ReturnType<typeof referenceSize>,
  label: Float64Tensor | undefined,
  highest: number,
): { readonly finite?: Float64Tensor; readonly divergence?: Divergence } {
  let divergence: Divergence | undefined;
  for (const temperature of temperatures) {
    const latents = latentShapes(glow.config, batch, height, width).map((shape) => filled(shape));
    for (let image = 0; image < batch; image++) {
      const random = createRandom(0, image);
      for (const { data } of latents) {
        const size = data.length / batch;
        for (let i = 0; i < size; i++) data[image * size + i] = temperature * random.normal();
      }
    }
    const sample = decode(glow, float64Ops, latents, inverse, label);
    if (!sample.data.every(isFloat32)) divergence = { from: temperature, latents, ...(label && { label }) };
    else if (temperature <= highest) return { finite: sample, ...(divergence && { divergence }) };
  }
  return divergence ? { divergence } : {};
}

/** Where a sample of a class diverges: of each class, at the smallest size, or of as many as take a few seconds. */
function divergenceOfClasses(glow: Glow, inverse: FlowWeights<Float64Tensor>): Divergence | undefined {
  const { classes, levels } = glow.config;
  const small = smallest(levels);
  const most = Math.max(2, Math.floor(BUDGET / costOf(glow, small)));
  return drawFinite(
    glow,
    inverse,
    { batch: Math.min(classes, most), ...small },
    labelsFor(glow.config, Math.min(classes, most)),
    1,
  ).divergence;
}

/** Images of noise, for a model without finite samples. */
export function noiseImages(glow: Glow): Images {
  const { config } = glow;
  const { batch, height, width } = referenceSize(glow);
  const label = labelsFor(config, batch);
  const x = filled([batch, config.channels, height, width]);
  const random = createRandom(0, batch);
  for (let i = 0; i < x.data.length; i++) {
    x.data[i] = takesPixels(config)
      ? binToModel(random.below(2 ** config.bits), config.bits)
      : Math.fround(random.normal());
  }
  return { x, ...(label && { label }) };
}

/**
 * Encodes the images and decodes their latents. The layers run as they are defined, not folded.
 * @throws RangeError if float32 cannot hold a result.
 */
export function makeReference(
  glow: Glow,
  forward: FlowWeights<Float64Tensor>,
  inverse: FlowWeights<Float64Tensor>,
  { x, label }: Images,
): Reference {
  const encoding = encode(glow, float64Ops, x, forward, label);
  const latents = encoding.latents.map((z, l) =>
    finite(`z${l} of a golden image`, { ...z, data: z.data.map(Math.fround) }),
  );
  return {
    x,
    ...(label && { label }),
    latents,
    logProb: finite('log_prob of a golden image', encoding.logProb),
    decoded: finite('the decoded golden image', decode(glow, float64Ops, latents, inverse, label)),
  };
}

/** Largest number of multiplications for one pass of the float64 interpreter: a few seconds. */
const BUDGET = 2e9;

/**
 * Two images of the training size. If that takes too long, the smallest size that the levels allow, which is not square
 * so that exchanged height and width would show.
 */
export function referenceSize(glow: Glow): { batch: number; height: number; width: number } {
  const { levels, height, width } = glow.config;
  const batch = 2;
  return {
    batch,
    ...(batch * costOf(glow, { height, width }) <= BUDGET ? { height, width } : smallest(levels)),
  };
}

const smallest = (levels: number) => ({ height: 2 ** levels, width: 2 * 2 ** levels });

/** Multiplications of one image. */
function costOf({ config, params }: Glow, { height, width }: { height: number; width: number }): number {
  return params.reduce((total, { name, shape }) => {
    const level = Number(/^levels\.(\d+)\./.exec(name)?.[1] ?? config.levels - 1);
    return total + (sizeOf(shape) * height * width) / 4 ** (level + 1);
  }, 0);
}

/** The tensors of `golden.safetensors`; names of a precision other than fp32 begin with that precision. */
export function goldenTensors(
  references: Readonly<Partial<Record<Precision, Reference>>>,
): Named<Float64Tensor> {
  const tensors = Object.entries(references).map(([precision, { x, label, latents, logProb, decoded }]) => {
    const below = goldenPrefix(precision as Precision);
    return {
      x,
      ...(label && { label }),
      ...Object.fromEntries(latents.map((z, l) => [`${below}z${l}`, z])),
      [`${below}log_prob`]: logProb,
      [`${below}decode.x`]: decoded,
    };
  });
  return Object.assign({}, ...tensors);
}

/** One-hot labels of the classes 0, 1, …, repeated if the batch is larger; undefined for a model without classes. */
export function labelsFor(
  { classes }: Pick<GlowConfig, 'classes'>,
  batch: number,
): Float64Tensor | undefined {
  if (classes === 0) return undefined;
  const label = tensor([batch, classes, 1, 1], new Float64Array(batch * classes));
  for (let i = 0; i < batch; i++) label.data[i * classes + (i % classes)] = 1;
  return label;
}

function finite(name: string, value: Float64Tensor): Float64Tensor {
  const bad = value.data.find((v) => !isFloat32(v));
  if (bad === undefined) return value;
  throw new RangeError(
    `export: in float64 ${name} is ${bad}, which float32 cannot hold; train the model further, or take an earlier checkpoint`,
  );
}

function isFloat32(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}
