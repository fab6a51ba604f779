import {
  encodeSafetensors,
  parseSafetensors,
  type SafetensorsFile,
  type SafetensorsInput,
} from '@glow-onnx/flow/safetensors';
import fc from 'fast-check';

const seed = 20180709;

/** Parses, or returns nothing where the documented errors say why not; anything else fails the test. */
function attempt(bytes: Uint8Array): SafetensorsFile | undefined {
  try {
    return parseSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    expect(error.message).toMatch(/^safetensors: /);
    return undefined;
  }
}

/** What was accepted holds exactly the file's data, each byte once, so nothing was made up or allocated beyond. */
function expectExact(bytes: Uint8Array, { tensors }: SafetensorsFile): void {
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const sizes = Object.values(tensors).map(({ data }) => data.byteLength);
  expect(sizes.reduce((total, size) => total + size, 0)).toBe(bytes.length - 8 - headerBytes);
}

const tensorInput: fc.Arbitrary<SafetensorsInput> = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const numbers = fc.array(fc.integer({ min: 0, max: 127 }), { minLength: count, maxLength: count });
  return numbers.chain((values) =>
    fc.constantFrom<SafetensorsInput>(
      { dtype: 'F32', shape, data: Float32Array.from(values) },
      { dtype: 'F64', shape, data: Float64Array.from(values) },
      { dtype: 'I32', shape, data: Int32Array.from(values) },
      { dtype: 'U8', shape, data: Uint8Array.from(values) },
      { dtype: 'I64', shape, data: BigInt64Array.from(values, BigInt) },
    ),
  );
});
const name = fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => text !== '__metadata__');
const tensorsInput = fc.dictionary(name, tensorInput, { maxKeys: 4 });
const metadataInput = fc.dictionary(name, fc.string(), { maxKeys: 3 });

describe('a safetensors file from anywhere', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(tensorsInput, metadataInput, (tensors, metadata) => {
        const bytes = encodeSafetensors(tensors, metadata);
        const parsed = parseSafetensors(bytes);
        expect({ ...parsed.tensors }).toEqual({ ...tensors });
        expect({ ...parsed.metadata }).toEqual({ ...metadata });
        expectExact(bytes, parsed);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('is refused in the documented way if it is noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const parsed = attempt(bytes);
        if (parsed) expectExact(bytes, parsed);
      }),
      { seed, numRuns: 2000 },
    );
  });

  it('is refused in the documented way if its header is any other JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.uint8Array({ maxLength: 8 }), (json, data) => {
        const text = Buffer.from(`{"a":${json}}`);
        const bytes = new Uint8Array(Buffer.concat([new Uint8Array(8), text, data]));
        new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
        const parsed = attempt(bytes);
        if (parsed) expectExact(bytes, parsed);
      }),
      { seed, numRuns: 1000 },
    );
  });

  it('is read exactly or refused in the documented way after bytes changed, vanished or came in', () => {
    const change = fc.record({
      at: fc.nat(),
      remove: fc.nat(3),
      // Digits and JSON's own signs reach deeper into the parser than arbitrary bytes.
      insert: fc.array(fc.oneof(fc.constantFrom(...Buffer.from('0123456789{}[]":,-.eF ')), fc.nat(255)), {
        maxLength: 3,
      }),
    });
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(tensorsInput, fc.array(change, { minLength: 1, maxLength: 3 }), (tensors, changes) => {
        let bytes: Uint8Array = encodeSafetensors(tensors);
        for (const { at, remove, insert } of changes) {
          const from = at % (bytes.length + 1);
          bytes = new Uint8Array(
            Buffer.concat([bytes.subarray(0, from), Uint8Array.from(insert), bytes.subarray(from + remove)]),
          );
        }
        const parsed = attempt(bytes);
        if (parsed) {
          accepted++;
          expectExact(bytes, parsed);
        } else refused++;
      }),
      { seed, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(30); // both ways were taken
    expect(refused).toBeGreaterThan(1000);
  });
});
