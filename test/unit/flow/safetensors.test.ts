import {
  encodeSafetensors,
  parseSafetensors,
  safetensorsNumbers,
  safetensorsOfRows,
} from '@glow-onnx/flow/safetensors';

/** A file made by hand: header text (its length may be told wrong) and data. */
function file(header: string, data: ArrayLike<number> = [], headerLength?: number): Uint8Array {
  const text = Buffer.from(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(Array.from(data), 8 + text.length);
  return bytes;
}

const entry = (dtype: string, shape: unknown, begin: number, end: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('parseSafetensors', () => {
  it('reads the example that the format is described with, byte by byte', () => {
    const bytes = file(
      `{"__metadata__":{"by":"hand"},"a":${entry('F32', [2, 1], 0, 8)},"b":${entry('U8', [3], 8, 11)}}   `,
      [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 7, 8, 255], // 1, −2.5; 7, 8, 255
    );
    const { tensors, metadata } = parseSafetensors(bytes);
    expect({ ...metadata }).toEqual({ by: 'hand' });
    expect({ ...tensors }).toEqual({
      a: { dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, -2.5) },
      b: { dtype: 'U8', shape: [3], data: Uint8Array.of(7, 8, 255) },
    });
  });

  it('accepts no tensors, empty tensors and scalars', () => {
    expect({ ...parseSafetensors(file('{}')).tensors }).toEqual({});
    const { tensors } = parseSafetensors(
      file(`{"none":${entry('F32', [0, 5], 0, 0)},"one":${entry('I32', [], 0, 4)}}`, [5, 0, 0, 0]),
    );
    expect(tensors.none).toEqual({ dtype: 'F32', shape: [0, 5], data: new Float32Array(0) });
    expect(tensors.one).toEqual({ dtype: 'I32', shape: [], data: Int32Array.of(5) });
  });

  it('reads numbers wherever they lie, from a Node buffer too', () => {
    const bytes = file(
      `{"a":${entry('U8', [1], 0, 1)},"b":${entry('F64', [1], 1, 9)}}`,
      [9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
    );
    for (const shift of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const shifted = Buffer.alloc(bytes.length + 8).subarray(shift, shift + bytes.length);
      shifted.set(bytes);
      expect(parseSafetensors(shifted).tensors.b.data).toEqual(Float64Array.of(1));
    }
  });

  it('keeps names that mean something to JavaScript', () => {
    const { tensors } = parseSafetensors(file(`{"__proto__":${entry('U8', [1], 0, 1)}}`, [3]));
    expect(Object.keys(tensors)).toEqual(['__proto__']);
    expect(tensors.constructor).toBeUndefined();
  });

  it('reads a name or a text of many megabytes', () => {
    const text = 'x\\"'.repeat(4_000_000);
    expect(parseSafetensors(file(`{"__metadata__":{"a":"${text}"}}`)).metadata.a).toHaveLength(8_000_000);
  });

  const one = entry('U8', [1], 0, 1);
  it.each<[string, Uint8Array, typeof RangeError | typeof SyntaxError, RegExp]>([
    ['an empty file', new Uint8Array(0), SyntaxError, /0 bytes.*cut short/],
    ['a header longer than the file', file('{}', [], 3), RangeError, /at most 2 bytes, got 3/],
    ['an absurd header length', file('{}', [], 2 ** 53), RangeError, /at most 2 bytes/],
    ['an empty header', file('', []), SyntaxError, /does not start with "\{"/],
    ['a header that is a list', file('[]'), SyntaxError, /does not start with "\{"/],
    ['a header cut in the middle', file('{"a":'), SyntaxError, /not valid JSON/],
    [
      'a header that is not UTF-8',
      file('{"a": 1}').fill(0xff, 10, 11),
      SyntaxError,
      /not valid JSON in UTF-8/,
    ],
    ['a name given twice', file(`{"a":${one},"a":${one}}`, [1]), SyntaxError, /"a" twice/],
    [
      'a name given twice in two spellings',
      file(`{"a":${one},"\\u0061":${one}}`, [1]),
      SyntaxError,
      /"a" twice/,
    ],
    [
      'a field given twice',
      file('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [1]),
      SyntaxError,
      /"dtype" twice/,
    ],
    [
      'metadata that is not text',
      file('{"__metadata__":{"a":1}}'),
      SyntaxError,
      /metadata "a" to be a string, got 1/,
    ],
    ['metadata that is a list', file('{"__metadata__":[]}'), SyntaxError, /__metadata__ to be an object/],
    ['a tensor that is not an object', file('{"a":"text"}'), SyntaxError, /"a": expected an object/],
    [
      'an unknown field',
      file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
      SyntaxError,
      /"a": unknown field "x"/,
    ],
    ['an unknown dtype', file(`{"a":${entry('F31', [1], 0, 4)}}`), SyntaxError, /"a": .*dtype.*got "F31"/],
    [
      'a dtype of the prototype',
      file(`{"a":${entry('toString', [1], 0, 4)}}`),
      SyntaxError,
      /dtype.*"toString"/,
    ],
    ['a negative extent', file(`{"a":${entry('U8', [-1], 0, 0)}}`), SyntaxError, /"a": expected a shape/],
    ['a fractional extent', file(`{"a":${entry('U8', [1.5], 0, 0)}}`), SyntaxError, /"a": expected a shape/],
    [
      'three offsets',
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', [1]),
      SyntaxError,
      /"a": expected data_offsets/,
    ],
    [
      'too few bytes',
      file(`{"a":${entry('F32', [2], 0, 4)}}`, [0, 0, 0, 0]),
      RangeError,
      /takes 8 bytes, got 4/,
    ],
    [
      'a shape that overflows',
      file(`{"a":${entry('F32', [2 ** 31, 2 ** 31, 2 ** 31], 0, 0)}}`),
      RangeError,
      /"a": F32/,
    ],
    ['offsets backwards', file(`{"a":${entry('U8', [1], 1, 0)}}`, [1]), RangeError, /takes 1 bytes, got -1/],
    [
      'data beyond the end',
      file(`{"a":${entry('U8', [9], 0, 9)}}`, [1]),
      RangeError,
      /"a" ends at 9.*cut short/,
    ],
    [
      'an overlap',
      file(`{"a":${entry('U8', [2], 0, 2)},"b":${entry('U8', [2], 1, 3)}}`, [1, 2, 3]),
      RangeError,
      /"b" overlaps/,
    ],
    [
      'a hole',
      file(`{"a":${entry('U8', [1], 0, 1)},"b":${entry('U8', [1], 2, 3)}}`, [1, 2, 3]),
      RangeError,
      /"b" leaves a hole.*at 1, got 2/,
    ],
    ['a hole at the start', file(`{"a":${entry('U8', [1], 1, 2)}}`, [1, 2]), RangeError, /"a" leaves a hole/],
    ['bytes after the last tensor', file(`{"a":${one}}`, [1, 2]), RangeError, /1 bytes more/],
  ])('refuses %s', (_, bytes, errorClass, message) => {
    expect(() => parseSafetensors(bytes)).toThrow(errorClass);
    expect(() => parseSafetensors(bytes)).toThrow(message);
  });

  it('refuses a header, metadata and keys beyond their limits', () => {
    const large = new Uint8Array(2 ** 26 + 100).fill(0x20);
    large.set(file('{', [], 2 ** 26 + 1));
    expect(() => parseSafetensors(large)).toThrow(/header of at most 67108864 bytes, got 67108865/);
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `"k${i}":""`).join();
    expect(parseSafetensors(file(`{"__metadata__":{${keys(4096)}}}`)).metadata.k4095).toBe('');
    expect(() => parseSafetensors(file(`{"__metadata__":{${keys(4097)}}}`))).toThrow(
      'safetensors: expected at most 4096 metadata, got 4097',
    );
    const deep = file(`{"a":{"shape":${'['.repeat(1e6)}`);
    expect(() => parseSafetensors(deep)).toThrow(/at most 32 lists and objects inside each other/);
  });

  it('refuses more tensors than any model has', () => {
    const entries = Array.from({ length: 2 ** 18 + 1 }, (_, i) => `"${i}":${entry('U8', [0], 0, 0)}`);
    expect(() => parseSafetensors(file(`{${entries.join()}}`))).toThrow(/at most 262144 tensors, got 262145/);
  });
});

describe('encodeSafetensors', () => {
  it('restores every dtype', () => {
    const tensors = {
      f64: { dtype: 'F64', shape: [1, 2], data: Float64Array.of(Math.PI, -0) },
      f32: { dtype: 'F32', shape: [3], data: Float32Array.of(1.5, Number.NaN, -1e30) },
      f16: { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) },
      bf16: { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
      i64: { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 60n)) },
      u64: { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 63n) },
      i32: { dtype: 'I32', shape: [], data: Int32Array.of(-7) },
      u32: { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 31) },
      i16: { dtype: 'I16', shape: [1], data: Int16Array.of(-300) },
      u16: { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
      i8: { dtype: 'I8', shape: [1], data: Int8Array.of(-128) },
      u8: { dtype: 'U8', shape: [2, 0], data: new Uint8Array(0) },
      bool: { dtype: 'BOOL', shape: [3], data: Uint8Array.of(0, 1, 1) },
    } as const;
    const parsed = parseSafetensors(encodeSafetensors(tensors, { note: 'é \u{1f642} "' }));
    expect({ ...parsed.tensors }).toEqual(tensors);
    expect({ ...parsed.metadata }).toEqual({ note: 'é \u{1f642} "' });
  });

  it('rounds float64 numbers to float32 where that is asked for', () => {
    const { tensors } = parseSafetensors(
      encodeSafetensors({ a: { dtype: 'F32', shape: [1], data: Float64Array.of(0.1) } }),
    );
    expect(tensors.a.data).toEqual(Float32Array.of(0.1));
  });

  it('gives equal bytes for equal contents, whatever the order', () => {
    const a = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    const b = { dtype: 'F64', shape: [1], data: Float64Array.of(2) } as const;
    expect(encodeSafetensors({ a, b }, { x: '1', y: '2' })).toEqual(
      encodeSafetensors({ b, a }, { y: '2', x: '1' }),
    );
  });

  it('pads the header with spaces to 8 bytes and puts wide numbers first, so that all are aligned', () => {
    const bytes = encodeSafetensors({
      byte: { dtype: 'U8', shape: [1], data: Uint8Array.of(1) },
      wide: { dtype: 'F64', shape: [1], data: Float64Array.of(1) },
    });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(Buffer.from(bytes.subarray(8, 8 + length)).toString()).toMatch(/^\{"wide".*\} *$/);
    expect(bytes.length).toBe(8 + length + 9);
    expect(parseSafetensors(bytes).tensors.wide.data.buffer).toBe(bytes.buffer); // a view, not a copy
  });

  it('refuses a shape that does not hold the data, and the name of the metadata', () => {
    const data = Float32Array.of(1, 2);
    expect(() => encodeSafetensors({ a: { dtype: 'F32', shape: [3], data } })).toThrow(
      new RangeError('safetensors: tensor "a": shape [3] does not hold 2 numbers'),
    );
    expect(() => encodeSafetensors({ __metadata__: { dtype: 'F32', shape: [2], data } })).toThrow(RangeError);
  });
});

describe('safetensorsNumbers', () => {
  it('reads half-precision floats by their definition', () => {
    // IEEE 754 binary16: 1, −2, largest, smallest normal, smallest subnormal, −0, infinities, NaN
    const bits = [0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00];
    const numbers = [
      1,
      -2,
      65504,
      2 ** -14,
      2 ** -24,
      -0,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    const data = Uint16Array.from(bits);
    expect(Array.from(safetensorsNumbers({ dtype: 'F16', shape: [9], data }))).toEqual(numbers);
  });

  it('reads bfloat16 as the upper half of a float32', () => {
    // The smallest normal number: ONNX Runtime, in another test of this process, may have set denormals to zero.
    const data = Uint16Array.of(0x3f80, 0xc049, 0x0080);
    const numbers = safetensorsNumbers({ dtype: 'BF16', shape: [3], data });
    expect(Array.from(numbers)).toEqual([1, -3.140625, 2 ** -126]);
  });

  it('reads integers and truth values as numbers', () => {
    const data = BigInt64Array.of(-3n, 2n ** 40n);
    expect(Array.from(safetensorsNumbers({ dtype: 'I64', shape: [2], data }))).toEqual([-3, 2 ** 40]);
    const bool = Uint8Array.of(0, 1);
    expect(Array.from(safetensorsNumbers({ dtype: 'BOOL', shape: [2], data: bool }))).toEqual([0, 1]);
  });
});

describe('safetensorsOfRows', () => {
  test('gives the bytes of one tensor of all rows, which it does not copy', () => {
    const rows = [
      { shape: [2, 1], data: Float32Array.of(1, 2) },
      { shape: [2, 1], data: new Float32Array([0, 3, 4, 0]).subarray(1, 3) },
    ];
    const parts = [...safetensorsOfRows('x', rows, { of: 'test' })];
    const whole = { x: { dtype: 'F32', shape: [2, 2, 1], data: Float32Array.of(1, 2, 3, 4) } } as const;
    expect(Buffer.concat(parts)).toEqual(Buffer.from(encodeSafetensors(whole, { of: 'test' })));
    expect(parts.slice(1).map(({ buffer }) => buffer)).toEqual(rows.map(({ data }) => data.buffer));
    expect(parts[2]?.buffer).toBe(rows[1]?.data.buffer);
  });

  test.each([
    [[], 'there is no row'],
    [[[1, 2], [1]], 'row 1 has another size than row 0'],
  ])('refuses %j', (rows, message) => {
    const given = rows.map((row) => ({ shape: [row.length], data: Float32Array.from(row) }));
    expect(() => safetensorsOfRows('x', given)).toThrow(`safetensors: tensor "x": ${message}`);
  });
});
