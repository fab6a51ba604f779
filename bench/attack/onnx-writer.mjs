// Writes ONNX files field by field, also files that no library would write.

/** A number as protobuf's varint: 7 bits a byte, the lowest first. Negative numbers have ten bytes. */
export function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A field that holds a number. */
export const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);

/** A field that holds bytes, text or a message. */
export function bytes(field, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

export const floats = (values) => Buffer.from(Float32Array.from(values).buffer);
export const int64s = (values) => Buffer.from(BigInt64Array.from(values, BigInt).buffer);
export const types = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
};
const sizes = { 1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8 };

export const entry = (key, value) => [bytes(1, key), bytes(2, value)];

/** A tensor, of zeros unless `raw` is given. `more` are fields of one's own. */
export function tensor(name, dims, { type = types.float, raw, more = [] } = {}) {
  const size = dims.reduce((product, dim) => product * Number(dim), 1);
  const data = raw ?? Buffer.alloc(size * sizes[type]);
  return bytes(
    5,
    ...dims.map((dim) => number(1, dim)),
    number(2, type),
    bytes(8, name),
    bytes(9, data),
    ...more,
  );
}

/** A tensor whose data are said to be in another file. */
export function external(name, dims, entries, { type = types.float, more = [number(14, 1)] } = {}) {
  const places = Object.entries(entries)
    .flat(0)
    .map(([key, value]) => bytes(13, ...entry(key, value)));
  return bytes(5, ...dims.map((dim) => number(1, dim)), number(2, type), bytes(8, name), ...places, ...more);
}

export const int = (name, value) => bytes(5, bytes(1, name), number(3, value), number(20, 2));
export const ints = (name, values) =>
  bytes(5, bytes(1, name), ...values.map((value) => number(8, value)), number(20, 7));
export const subgraph = (name, ...graph) => bytes(5, bytes(1, name), bytes(6, ...graph), number(20, 5));

/** A node. Attributes and other fields follow the outputs. */
export const node = (operator, inputs, outputs, ...more) =>
  bytes(
    1,
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, operator),
    ...more,
  );

/** Name, element type and shape: 11 for an input, 12 for an output, 13 for a value in between. */
export function value(field, name, dims, type = types.float) {
  const shape = dims.map((dim) => bytes(1, typeof dim === 'string' ? bytes(2, dim) : number(1, dim)));
  return bytes(field, bytes(1, name), bytes(2, bytes(1, number(1, type), bytes(2, ...shape))));
}

/** A model of opset 17 and IR version 8. */
export const model = (
  graph,
  { header = [number(1, 8), bytes(8, bytes(1, ''), number(2, 17))], more = [] } = {},
) => Buffer.concat([...header, bytes(7, ...graph), ...more]);
