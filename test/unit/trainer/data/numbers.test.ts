import { writeFile } from 'node:fs/promises';
import { encodeSafetensors, type SafetensorsInput } from '@glow-onnx/flow/internal';
import { numbersFrom, openNumbers } from '@glow-onnx/trainer';
import { temporaryRuns } from '../../../support/training.js';

const at = temporaryRuns();

/** Three items of two channels of 1×2, all numbers different. */
const numbers = Float32Array.from({ length: 12 }, (_, i) => i - 5);
const shape = [3, 2, 1, 2];
const file = async (name: string, tensors: Record<string, SafetensorsInput>): Promise<string> => {
  const path = at(name);
  await writeFile(path, encodeSafetensors(tensors));
  return path;
};
const good: SafetensorsInput = { dtype: 'F32', shape, data: numbers };

test('batches have the channels of a place beside each other, whatever the order', async () => {
  const data = await openNumbers(await file('good.safetensors', { x: good }));
  expect(data).toMatchObject({ name: 'good.safetensors', count: 3, channels: 2, height: 1, width: 2 });
  expect([...(await data.batch([2, 0]))]).toEqual([3, 5, 4, 6, -5, -3, -4, -2]);
  await expect(data.batch([3])).rejects.toThrow(
    'data: an index of good.safetensors must be from 0 to 2, got 3',
  );
  await data.close();
});

test('half precision is read exactly, and a tensor is found by its name', async () => {
  const half: SafetensorsInput = { dtype: 'F16', shape: [2, 1, 1, 1], data: Uint16Array.of(0x3c00, 0xc100) };
  const data = await openNumbers(await file('half.safetensors', { half, x: good }), { tensor: 'half' });
  expect([...(await data.batch([0, 1]))]).toEqual([1, -2.5]);
});

test('numbers that need too much memory are in a file, and the same', async () => {
  const path = await file('many.safetensors', { x: good });
  const [inMemory, inFile] = [await openNumbers(path), await openNumbers(path, { maxBytes: 16 })];
  expect(await inFile.batch([1, 2])).toEqual(await inMemory.batch([1, 2]));
  expect(inFile.fingerprint).toBe(inMemory.fingerprint);
  await inFile.close();
});

test('limit takes items evenly, and the fingerprint follows the numbers', async () => {
  const path = await file('limit.safetensors', { x: good });
  const data = await openNumbers(path, { limit: 2 });
  expect(data.count).toBe(2);
  const items = [0, 1].map((i) => ({ shape: [2, 1, 2] as const, data: numbers.slice(4 * i, 4 * i + 4) }));
  const same = await numbersFrom(items, { name: 'same' });
  expect([...(await same.batch([0, 1]))]).toEqual([...(await data.batch([0, 1]))]);
  expect(same.fingerprint).toBe(data.fingerprint);
  expect(data.fingerprint).not.toBe((await openNumbers(path)).fingerprint);
});

const spoiled = (place: number, value: number): SafetensorsInput => ({
  ...good,
  data: numbers.map((number, i) => (i === place ? value : number)),
});

test.each<[string, Record<string, SafetensorsInput>, RegExp]>([
  [
    'NaN',
    { x: spoiled(7, Number.NaN) },
    /data: bad\.safetensors: item 1 holds NaN in channel 1; expected finite/,
  ],
  ['infinity', { x: spoiled(8, Number.NEGATIVE_INFINITY) }, /item 2 holds -Infinity in channel 0/],
  [
    'a channel that is constant',
    { x: { ...good, data: numbers.map((number, i) => (i % 4 < 2 ? number : 3)) } },
    /data: bad\.safetensors: channel 1 is 3 everywhere, so it has no density; leave it out/,
  ],
  ['two tensors and no name', { x: good, y: good }, /expected one tensor, got x, y; pass tensor/],
  ['no tensors', {}, /expected one tensor, got none/],
  ['three extents', { x: { ...good, shape: [3, 2, 2] } }, /tensor "x": expected F32, .* got F32 \[3, 2, 2\]/],
  ['no items', { x: { ...good, shape: [0, 2, 1, 2], data: new Float32Array() } }, /got F32 \[0, 2, 1, 2\]/],
  ['float64', { x: { ...good, dtype: 'F64' } }, /expected F32, F16 or BF16 .* got F64/],
])('a file with %s is refused by name', async (_, tensors, message) => {
  const path = await file('bad.safetensors', tensors);
  await expect(openNumbers(path)).rejects.toThrow(message);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['a file that is not there', () => openNumbers(at('none.safetensors')), /none\.safetensors/],
  ['a folder', () => openNumbers(at('.')), /cannot be read|is not a regular file/],
  ['no path', () => openNumbers(''), /openNumbers: expected the path of a safetensors file, got/],
  ['an unknown option', () => openNumbers('x', { name: 'x' } as never), /openNumbers: .*name/],
  [
    'a limit of 0',
    async () => openNumbers(await file('l.safetensors', { x: good }), { limit: 0 }),
    /limit must be a positive integer/,
  ],
  [
    'no items',
    () => numbersFrom([], { name: 'empty' }),
    /data: empty has no feature maps, expected at least two/,
  ],
  ['no iterable', () => numbersFrom(5 as never, { name: 'five' }), /numbersFrom: expected an iterable/],
  [
    'no shape',
    () => numbersFrom([{ data: numbers }] as never, { name: 'bare' }),
    /data: bare: item 0: expected \{ shape/,
  ],
  [
    'another shape',
    () =>
      numbersFrom(
        [
          { shape: [1, 1, 1], data: Float32Array.of(1) },
          { shape: [1, 1, 2], data: Float32Array.of(1, 2) },
        ],
        { name: 'mixed' },
      ),
    /data: mixed: item 1 has the shape \[1,1,2\]; expected that of the first, \[1,1,1\]/,
  ],
  [
    'too few numbers',
    () => numbersFrom([{ shape: [1, 1, 2], data: Float32Array.of(1) }], { name: 'few' }),
    /data: few: item 0: expected a Float32Array of 2 numbers, got 1 numbers/,
  ],
])('%s is refused', async (_, call, message) => {
  await expect(call()).rejects.toThrow(message);
});

test('a file that is cut short, or no safetensors, is refused by name', async () => {
  const path = at('cut.safetensors');
  const bytes = encodeSafetensors({ x: good });
  await writeFile(path, bytes.slice(0, -1));
  await expect(openNumbers(path)).rejects.toThrow(/cut\.safetensors: safetensors: tensor "x" ends at 48/);
  await writeFile(path, bytes.slice(0, 5));
  await expect(openNumbers(path)).rejects.toThrow(/cut\.safetensors: safetensors: the file has 5 bytes/);
  await writeFile(path, 'hello, this is text');
  await expect(openNumbers(path)).rejects.toThrow(SyntaxError);
});
