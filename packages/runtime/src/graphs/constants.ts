import type { Precision } from '@glow-onnx/flow/manifest';
import { hold } from './fault.js';
import type { OnnxModel, OnnxTensor } from './onnx-model.js';
import { type ElementType, elementTypes, typeOf, type Value } from './operators.js';

/** The file with the larger weights of a graph. */
export interface WeightsOf {
  /** Its path, as the graph gives it. */
  readonly path: string;
  readonly bytes: number;
}

/** The types of stored weights. Axes and ranges are int64. */
export const storedTypes: Readonly<Record<Precision, readonly ElementType[]>> = {
  fp32: ['float32'],
  'fp16-weights': ['float32', 'float16'],
  'int8-weights': ['float32', 'int8'],
  fp16: ['float32', 'float16'],
};

/** @throws RangeError unless the tensor's bytes are in the graph or in the weights file, as many as it needs. */
export function constantOf(tensor: OnnxTensor, precision: Precision, weights: WeightsOf | undefined): Value {
  const { dims: shape, raw, external, location } = tensor;
  const type = typeOf(tensor.type);
  hold(shape.length <= 4 && !shape.includes(0), () => 'expected at most four extents, from 1 on');
  const value = { type, shape, constant: true };
  if (type !== 'int64') {
    hold(storedTypes[precision].includes(type), () => `${type} is not allowed in precision ${precision}`);
  }
  if (raw) {
    hold(external.length === 0 && !location, () => 'its data are given twice');
    holdBytes(value, raw.length);
    return type === 'int64' ? { ...value, elements: integersOf(raw) } : value;
  }
  hold(type !== 'int64' && location === 1 && weights !== undefined, () => 'its data are not in the graph');
  const entries = mapOf(external);
  const [offset, length] = [entries.get('offset'), entries.get('length')].map(naturalOf) as [number, number];
  hold(
    entries.size === 3 && entries.get('location') === weights.path,
    () => `its data are in ${entries.get('location')}, expected ${weights.path} with offset and length`,
  );
  hold(
    offset + length <= weights.bytes,
    () => `its data end after ${weights.path}, which has ${weights.bytes} bytes`,
  );
  holdBytes(value, length);
  return value;
}

/** Bytes of a tensor whose extents are numbers. */
export function bytesOf({ type, shape }: Value): number {
  return (shape as number[]).reduce((size, extent) => size * extent, elementTypes[type].bytes);
}

/** @throws RangeError if a key is given twice or not at all. */
export function mapOf(entries: OnnxModel['metadata']): Map<string, string> {
  const map = new Map(entries.map(({ key, value }) => [key ?? '', value ?? '']));
  hold(map.size === entries.length, () => 'a key is given twice');
  return map;
}

function holdBytes(value: Value, bytes: number): void {
  hold(
    bytesOf(value) === bytes,
    () => `${value.type} [${value.shape}] has ${bytesOf(value)} bytes, got ${bytes}`,
  );
}

function naturalOf(text: string | undefined): number {
  hold(
    text !== undefined && /^(0|[1-9]\d{0,14})$/.test(text),
    () => 'offset and length are not natural numbers',
  );
  return Number(text);
}

/** Axes and positions: few, and not negative. */
function integersOf(raw: Uint8Array): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  hold(raw.length <= 32, () => 'it has more than four integers');
  return Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}
