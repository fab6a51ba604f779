import { describe, printable } from '@glow-onnx/flow/manifest';
import { HttpError } from '../http-error.js';
import type { Limits } from '../options.js';
import { parseJson } from '../parse-json.js';
import { sizeOf, type Tensor, type TensorMetadata, type Tensors } from './tensor.js';

/** A request for inference, checked against the model. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: Tensors;
  /** The images of the batch. */
  readonly count: number;
  readonly outputs: readonly RequestedOutput[];
}

export interface RequestedOutput {
  readonly name: string;
  /** Whether its numbers follow the JSON as bytes. */
  readonly binary: boolean;
}

interface Signature {
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a request: JSON, and after it the bytes of its binary tensors (float32, little-endian).
 * @param headerLength the length of the JSON in bytes, as the header Inference-Header-Content-Length says it.
 * @throws HttpError 400 that says what is wrong with it, 413 if its JSON has too many values.
 */
export function parseInferRequest(
  body: Buffer,
  headerLength: string | undefined,
  model: Signature,
  limits: Pick<Limits, 'maxJsonValues'>,
): InferRequest {
  const end = headerLength === undefined ? body.length : lengthOf(headerLength, body.length);
  const request = objectOf('the body', parseJson(body.subarray(0, end), limits, aboutBinary));
  const given = listOf('inputs', request.inputs);
  let rest = body.subarray(end);
  const inputs: Record<string, Tensor> = {};
  for (const [i, each] of given.entries()) {
    const input = objectOf(`inputs[${i}]`, each);
    const known = model.inputs.find(({ name }) => name === input.name);
    if (!known)
      refuse(`inputs[${i}]: name must be one of ${namesOf(model.inputs)}, got ${describe(input.name)}`);
    if (inputs[known.name]) refuse(`input "${known.name}" is given twice`);
    const { tensor, bytes } = parseInput(input, known, rest);
    inputs[known.name] = tensor;
    rest = rest.subarray(bytes);
  }
  if (rest.length > 0) refuse(`${rest.length} bytes follow the last binary tensor`);
  for (const { name } of model.inputs) if (!inputs[name]) refuse(`input "${name}" is missing`);
  const counts = new Set(Object.values(inputs).map(({ shape }) => shape[0] as number));
  if (counts.size > 1) refuse(`the inputs have batches of ${[...counts].join(' and ')}; they must be equal`);
  const [count] = counts as unknown as [number];
  return { id: idOf(request.id), inputs, count, outputs: parseOutputs(request, model.outputs) };
}

const aboutBinary =
  'send large tensors in binary; the header Inference-Header-Content-Length gives the length of the JSON before them';

function refuse(message: string): never {
  throw new HttpError(400, message);
}

function namesOf(tensors: readonly TensorMetadata[]): string {
  return tensors.map(({ name }) => `"${name}"`).join(', ');
}

function lengthOf(text: string, most: number): number {
  const length = Number(text);
  if (/^\d+$/.test(text) && length <= most) return length;
  return refuse(
    `Inference-Header-Content-Length must be a number up to the ${most} bytes of the body, got ${printable(text.slice(0, 40))}`,
  );
}

function objectOf(where: string, value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  return refuse(`${where}: expected an object, got ${describe(value)}`);
}

function listOf(where: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return refuse(`${where}: expected a list, got ${describe(value)}`);
}

function idOf(id: unknown): string | undefined {
  if (id === undefined || typeof id === 'string') return id;
  return refuse(`id: expected a text, got ${describe(id)}`);
}

/** Extensions that change what a request means, and that are not served. */
const notServed = ['shared_memory_region', 'classification'];

function parametersOf(where: string, { parameters }: Json): Json {
  const known = parameters === undefined ? {} : objectOf(`${where}: parameters`, parameters);
  for (const name of notServed) if (name in known) refuse(`${where}: ${name} is not supported`);
  return known;
}

function parseInput(
  input: Json,
  { name, datatype, shape: expected }: TensorMetadata,
  rest: Buffer,
): { tensor: Tensor; bytes: number } {
  const where = `input "${name}"`;
  if (input.datatype !== datatype) {
    refuse(`${where}: datatype must be ${datatype}, got ${describe(input.datatype)}`);
  }
  const shape = listOf(`${where}: shape`, input.shape) as readonly number[];
  const fits = shape.every((extent, axis) => {
    const want = expected[axis] as number;
    return Number.isInteger(extent) && extent >= 1 && extent < 2 ** 31 && (want === -1 || want === extent);
  });
  if (!fits || shape.length !== expected.length) {
    refuse(`${where}: expected the shape [${expected.join(', ')}], -1 for any, got ${describe(shape)}`);
  }
  const size = sizeOf(shape);
  const bytes = parametersOf(where, input).binary_data_size;
  if (bytes === undefined)
    return { tensor: { shape, data: numbersOf(where, input.data, size, shape.length) }, bytes: 0 };
  if (bytes !== 4 * size) {
    refuse(
      `${where}: ${size} numbers of float32 have ${4 * size} bytes, binary_data_size is ${describe(bytes)}`,
    );
  }
  if (rest.length < bytes)
    refuse(`${where}: its ${bytes} bytes are not there, the body has ${rest.length} more`);
  const data = new Float32Array(new Uint8Array(rest.subarray(0, bytes)).buffer);
  checkFinite(where, data);
  return { tensor: { shape, data }, bytes };
}

/** @param data the numbers in one list, or in lists as the shape nests them. */
function numbersOf(where: string, data: unknown, size: number, rank: number): Float32Array {
  let list = listOf(`${where}: data`, data);
  for (let depth = 1; depth < rank && Array.isArray(list[0]); depth++) list = list.flat();
  if (list.length !== size) refuse(`${where}: expected ${size} numbers, got ${list.length}`);
  const bad = list.findIndex((value) => typeof value !== 'number');
  if (bad >= 0) refuse(`${where}: data holds ${describe(list[bad])} at ${bad}, expected a number`);
  const numbers = Float32Array.from(list as readonly number[]);
  checkFinite(where, numbers);
  return numbers;
}

function checkFinite(where: string, data: Float32Array): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) refuse(`${where}: data holds ${data[bad]} at ${bad}; it must be finite in float32`);
}

function parseOutputs(request: Json, known: readonly TensorMetadata[]): RequestedOutput[] {
  const byDefault = isBinary('the request', parametersOf('the request', request).binary_data_output) ?? false;
  if (request.outputs === undefined) return known.map(({ name }) => ({ name, binary: byDefault }));
  const wanted = listOf('outputs', request.outputs).map((each, i) => {
    const where = `outputs[${i}]`;
    const output = objectOf(where, each);
    const name = known.find((one) => one.name === output.name)?.name;
    if (name === undefined) {
      return refuse(`${where}: name must be one of ${namesOf(known)}, got ${describe(output.name)}`);
    }
    return { name, binary: isBinary(where, parametersOf(where, output).binary_data) ?? byDefault };
  });
  if (new Set(wanted.map(({ name }) => name)).size < wanted.length) refuse('outputs: a name is given twice');
  return wanted;
}

function isBinary(where: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  return refuse(`${where}: binary_data must be true or false, got ${describe(value)}`);
}
