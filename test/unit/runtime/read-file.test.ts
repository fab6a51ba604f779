import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glow-read-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file that is a hole but for these bytes, by position. */
function sparse(size: number, bytes: Readonly<Record<number, number>>): string {
  const path = join(folder, 'file');
  const file = openSync(path, 'w');
  for (const [at, byte] of Object.entries(bytes)) writeSync(file, Uint8Array.of(byte), 0, 1, Number(at));
  closeSync(file);
  truncateSync(path, size);
  expect(statSync(path).blocks * 512).toBeLessThan(2 ** 20);
  return path;
}

test.each([9, 2 ** 31 + 5])('readWholeFile gives all of %i bytes', async (size) => {
  const places = [0, 7, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, size - 1].filter((at) => at < size);
  const marks = Object.fromEntries(places.map((at, i) => [at, i + 1]));
  const bytes = await readWholeFile(sparse(size, marks));
  expect(bytes.length).toBe(size);
  for (const [at, byte] of Object.entries(marks)) expect([at, bytes[Number(at)]]).toEqual([at, byte]);
  expect(bytes[5]).toBe(0);
});

test('readWholeFile takes files whose size the system does not tell, and none that is not there', async () => {
  expect((await readWholeFile('/dev/null')).length).toBe(0);
  writeFileSync(join(folder, 'small'), 'abc');
  expect([...(await readWholeFile(join(folder, 'small')))]).toEqual([97, 98, 99]);
  await expect(readWholeFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('readWholeFile says that an array of that size is beyond Node', async () => {
  const path = sparse(2 ** 43, {});
  await expect(readWholeFile(path)).rejects.toThrow(
    /file has \d+ bytes, more than one array can hold in Node v\d/,
  );
});
