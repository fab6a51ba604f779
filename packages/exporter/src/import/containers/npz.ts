import { type SafetensorsDtype, type SafetensorsTensor, show } from '@glow-onnx/flow/internal';
import type { Tensors } from '../foreign-weights.js';
import { type Budget, budgetOf } from './budget.js';
import { rowMajor } from './strided.js';
import { openZip, type Zip } from './zip.js';

/** numpy's element types, without the byte order. */
const dtypes: Readonly<Record<string, SafetensorsDtype>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u8: 'U64',
  u4: 'U32',
  u2: 'U16',
  u1: 'U8',
  b1: 'BOOL',
};

/** Whether an archive is one of `numpy.savez`. */
export function isNpz(zip: Zip): boolean {
  return zip.names.length > 0 && zip.names.every((name) => name.endsWith('.npy'));
}

/**
 * Reads the arrays of `numpy.savez`. Arrays of Python objects are not read, because they are pickles.
 * Source: numpy, `numpy.lib.format`.
 * @throws SyntaxError, RangeError if the archive or an array is damaged or of another type.
 */
export function parseNpz(bytes: Uint8Array): Tensors {
  const budget = budgetOf(bytes.length);
  const zip = openZip(bytes, budget);
  const tensors: Record<string, SafetensorsTensor> = Object.create(null);
  for (const name of zip.names) {
    const plain = name.replace(/\.npy$/, '');
    tensors[plain] = parseNpy(`npz: array ${show(plain)}`, zip.read(name), budget);
  }
  return tensors;
}

const magic = '\x93NUMPY';

function parseNpy(where: string, bytes: Uint8Array, budget: Budget): SafetensorsTensor {
  const start = String.fromCharCode(...bytes.subarray(0, magic.length));
  const wide = (bytes[6] ?? 0) > 1; // version 2 and 3 have a length of four bytes
  const headerStart = wide ? 12 : 10;
  if (start !== magic || bytes.length < headerStart) {
    throw new SyntaxError(`${where} does not begin as numpy's arrays do; the file is damaged`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataStart = headerStart + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder('latin1').decode(
    bytes.subarray(headerStart, Math.min(dataStart, headerStart + maxHeader)),
  );
  const match = headerPattern.exec(header);
  if (!match || dataStart > bytes.length) {
    throw new SyntaxError(
      `${where}: expected a header with descr, fortran_order and shape, got ${show(header)}`,
    );
  }
  const [, order = '', type = '', fortran, extents = ''] = match;
  const dtype = dtypes[type];
  if (!dtype || order === '>') {
    const advice = type.startsWith('O') ? 'arrays of Python objects are pickles' : 'the type is not read';
    throw new SyntaxError(
      `${where}: expected little-endian numbers, got ${show(order + type)}: ${advice}; save it as float32`,
    );
  }
  const shape = extents.split(',').flatMap((text) => (text.trim() === '' ? [] : [Number(text)]));
  const strides = fortran === 'True' ? columnMajor(shape) : columnMajor(shape.toReversed()).toReversed();
  const tensor = { dtype, shape, strides, offset: 0, bytes: bytes.subarray(dataStart) };
  return rowMajor(where, tensor, budget);
}

const maxHeader = 2 ** 12;
const headerPattern =
  /^\{\s*'descr':\s*'([<>|=]?)([a-zA-Z]\d*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d, ]*)\),?\s*\}\s*$/;

/** Strides of a tensor whose first axis is the fastest. */
function columnMajor(shape: readonly number[]): number[] {
  let step = 1;
  return shape.map((extent) => {
    const stride = step;
    step *= extent;
    return stride;
  });
}
