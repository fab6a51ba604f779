import type { Float64Tensor, Named } from '../arithmetic/tensor.js';
import { dequantisationOf } from '../layers/dequantiser.js';
import type { LayerParams, ParamSpec } from '../layers/layer.js';
import { type GlowConfig, parseConfig } from '../model/config.js';
import { createGlow } from '../model/glow.js';
import { checkVersion } from '../reading/format-version.js';
import { parseJsonObject } from '../reading/parse-json.js';
import { show } from '../reading/show.js';
import {
  encodeSafetensors,
  parseSafetensors,
  type SafetensorsInput,
  type SafetensorsTensor,
  safetensorsNumbers,
  safetensorsParts,
} from '../safetensors.js';
import type { OwnBytes } from './own-bytes.js';

/** A value that JSON can express. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * One state of a model, and the state of its training if training is to continue: the contents of a checkpoint file.
 */
export interface Checkpoint {
  readonly config: GlowConfig;
  /**
   * Parameters by full name, such as levels.0.steps.3.actnorm.bias. With variational dequantisation, also those of the
   * dequantiser, `dequantisation.…`.
   */
  readonly params: LayerParams<Float64Tensor>;
  /** Whether actnorm has seen its first batch; before that the model cannot be inverted. */
  readonly initialised: boolean;
  /** Moving averages of the trainable parameters. */
  readonly ema?: Named<Float64Tensor>;
  /** The optimiser's first and second moments of the trainable parameters. */
  readonly optimizer?: { readonly m: Named<Float64Tensor>; readonly v: Named<Float64Tensor> };
  /** The state that training continues from: counters, generator state, data cursor. */
  readonly progress?: JsonObject;
  /** Facts for the model card: bits/dim, data set, images, steps, histogram. */
  readonly training?: JsonObject;
}

const format = 'glow-onnx checkpoint';
const newestVersion = 1;

/** Prefixes of the groups of tensors that mirror the trainable parameters. */
const mirrors = ['ema.', 'optimizer.m.', 'optimizer.v.'] as const;

/**
 * Writes a checkpoint as safetensors, without loss: a tensor is F32 if float32 holds its numbers exactly (weights
 * trained in float32), else F64 (weights imported or computed in float64). Permutations are I32.
 * @throws RangeError naming a tensor that is missing, surplus, misshapen or not finite.
 * @example
 * const params = initialParams(createGlow(config), 1);
 * await writeFile('start.safetensors', encodeCheckpoint({ config, params, initialised: false }));
 */
export function encodeCheckpoint(checkpoint: Checkpoint): OwnBytes {
  return encodeSafetensors(...stored(checkpoint));
}

/**
 * The bytes of `encodeCheckpoint` part by part, so that a large state is not in memory twice. @throws the same errors.
 */
export function checkpointParts(checkpoint: Checkpoint): Iterable<Uint8Array> {
  return safetensorsParts(...stored(checkpoint));
}

function stored(checkpoint: Checkpoint): Parameters<typeof encodeSafetensors> {
  const { config, params, ema, optimizer } = checkpoint;
  const specs = createGlow(config, dequantisationOf(Object.keys(params.trainable))).params;
  const trainable = specs.filter(({ kind }) => kind === 'trainable');
  const tensors: Record<string, SafetensorsInput> = {};
  const add = (prefix: string, group: readonly ParamSpec[], values: Named<Float64Tensor>): void => {
    checkTensors(prefix, group, values);
    for (const { name, dtype } of group) tensors[prefix + name] = storedTensor(values[name], dtype);
  };
  add('', specs, { ...params.trainable, ...params.fixed });
  if (ema) add('ema.', trainable, ema);
  if (optimizer) {
    add('optimizer.m.', trainable, optimizer.m);
    add('optimizer.v.', trainable, optimizer.v);
  }
  const metadata = {
    format,
    version: String(newestVersion),
    config: toJson('config', config),
    initialised: String(checkpoint.initialised),
    ...(checkpoint.progress && { progress: toJson('progress', checkpoint.progress) }),
    ...(checkpoint.training && { training: toJson('training', checkpoint.training) }),
  };
  return [tensors, metadata];
}

/**
 * Reads a checkpoint and checks its config, names, shapes, dtypes, finite numbers, permutations and signs.
 * @throws SyntaxError if the bytes are not a checkpoint. @throws RangeError naming the wrong field or tensor.
 * @example
 * const { config, params } = parseCheckpoint(await readFile('runs/mine/best.safetensors'));
 */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes);
  checkFormat(metadata);
  const config = parseConfig(parseObject('config', metadata.config));
  const names = Object.keys(tensors);
  const specs = createGlow(config, dequantisationOf(names)).params;
  const trainable = specs.filter(({ kind }) => kind === 'trainable');
  const fixed = specs.filter(({ kind }) => kind === 'fixed');

  const prefixOf = (name: string): string => mirrors.find((mirror) => name.startsWith(mirror)) ?? '';
  const read = (prefix: string, group: readonly ParamSpec[]): Named<Float64Tensor> => {
    const own = names.filter((name) => prefixOf(name) === prefix).map((name) => name.slice(prefix.length));
    const dtypes = new Map(group.map(({ name, dtype }) => [name, dtype]));
    const values = Object.fromEntries(
      own.map((name) => [name, readTensor(prefix + name, tensors[prefix + name], dtypes.get(name))]),
    );
    checkTensors(prefix, group, values);
    return values;
  };
  const pick = (values: Named<Float64Tensor>, group: readonly ParamSpec[]): Named<Float64Tensor> =>
    Object.fromEntries(group.map(({ name }) => [name, values[name]]));

  const all = read('', specs);
  const has = (prefix: string): boolean => names.some((name) => name.startsWith(prefix));
  return {
    config,
    params: { trainable: pick(all, trainable), fixed: pick(all, fixed) },
    initialised: parseInitialised(metadata.initialised),
    ...(has('ema.') && { ema: read('ema.', trainable) }),
    ...(has('optimizer.') && {
      optimizer: { m: read('optimizer.m.', trainable), v: read('optimizer.v.', trainable) },
    }),
    ...(metadata.progress !== undefined && { progress: parseObject('progress', metadata.progress) }),
    ...(metadata.training !== undefined && { training: parseObject('training', metadata.training) }),
  };
}

function checkFormat(metadata: Readonly<Record<string, string>>): void {
  if (metadata.format !== format) {
    throw new SyntaxError(
      `checkpoint: expected metadata format "${format}", got ${show(metadata.format)}; ` +
        "import another program's weights with glow-export --from",
    );
  }
  checkVersion('checkpoint', metadata.version, newestVersion);
}

/** Checks the names, shapes and values of one group of tensors. */
function checkTensors(prefix: string, specs: readonly ParamSpec[], values: Named<Float64Tensor>): void {
  const expected = new Set(specs.map(({ name }) => name));
  const surplus = Object.keys(values).find((name) => !expected.has(name));
  if (surplus !== undefined) {
    throw new RangeError(
      `checkpoint: tensor "${prefix}${surplus}" is not part of the model that the config describes; ` +
        'the file or its config belongs to another model',
    );
  }
  for (const spec of specs) {
    const where = `checkpoint: tensor "${prefix}${spec.name}"`;
    const value = values[spec.name];
    if (value === undefined) {
      throw new RangeError(
        `${where} is missing; the file is incomplete, or its config belongs to another model`,
      );
    }
    if (value.shape.length !== spec.shape.length || value.shape.some((n, axis) => n !== spec.shape[axis])) {
      throw new RangeError(
        `${where}: expected shape [${spec.shape.join(', ')}], got [${value.shape.join(', ')}]`,
      );
    }
    const bad = value.data.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) {
      throw new RangeError(
        `${where}: expected finite numbers, got ${value.data[bad]} at element ${bad}; ` +
          'training diverged: go back to an earlier checkpoint and lower the learning rate',
      );
    }
    if (spec.kind === 'fixed') checkFixed(where, spec, value.data);
  }
}

/** Fixed parameters are permutations (index) and signs. */
function checkFixed(where: string, { dtype }: ParamSpec, data: Float64Array): void {
  if (dtype === 'index') {
    const seen = new Set(data);
    if (seen.size !== data.length || !data.every((v) => Number.isInteger(v) && v >= 0 && v < data.length)) {
      throw new RangeError(`${where}: expected a permutation of 0 to ${data.length - 1}`);
    }
  } else if (!data.every((v) => Math.abs(v) === 1)) {
    throw new RangeError(`${where}: expected 1 or −1, got ${data.find((v) => Math.abs(v) !== 1)}`);
  }
}

function storedTensor(value: Float64Tensor, dtype: ParamSpec['dtype']): SafetensorsInput {
  const { shape, data } = value;
  if (dtype === 'index') return { dtype: 'I32', shape, data: Int32Array.from(data) };
  return {
    dtype: data.every((v) => Math.fround(v) === v) ? 'F32' : 'F64',
    shape,
    get data() {
      return value.data; // read when it is written: some tensors compute their numbers on access
    },
  };
}

function readTensor(name: string, stored: SafetensorsTensor, dtype: ParamSpec['dtype']): Float64Tensor {
  const expected = dtype === 'index' ? ['I32'] : ['F32', 'F64'];
  if (!expected.includes(stored.dtype)) {
    throw new RangeError(
      `checkpoint: tensor "${name}": expected dtype ${expected.join(' or ')}, got ${stored.dtype}`,
    );
  }
  return { shape: stored.shape, data: safetensorsNumbers(stored) };
}

/** JSON cannot express NaN and infinities and would write null. */
function toJson(field: string, value: object): string {
  const text = JSON.stringify(value, (key, inner) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) {
      throw new RangeError(`checkpoint: ${field}: "${key}" is ${inner}; expected a finite number`);
    }
    return inner;
  });
  parseObject(field, text); // a file that no reader takes must not be written
  return text;
}

/** Facts about a training run have a few kB, with the names of 65,536 classes 4 MB. */
const maxMetadata = { maxLength: 2 ** 22, maxValues: 2 ** 17 };

function parseObject(field: string, text: string | undefined): JsonObject {
  const where = `checkpoint: metadata ${field}`;
  if (text === undefined) throw new SyntaxError(`${where} is missing`);
  return parseJsonObject(text, { where, ...maxMetadata }) as JsonObject;
}

function parseInitialised(text: string | undefined): boolean {
  if (text !== 'true' && text !== 'false') {
    throw new SyntaxError(`checkpoint: metadata initialised: expected true or false, got ${show(text)}`);
  }
  return text === 'true';
}
