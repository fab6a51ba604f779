import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDataset } from '../../../../packages/trainer/src/data/open-dataset.js';
import { plain, png, temporaryFolder } from './files.js';

const { root, write } = temporaryFolder();
const record = new Uint8Array(1 + 3 * 32 * 32);
const idx = (...bytes: number[]) => gzipSync(Uint8Array.from(bytes));
const sheet = {
  ...{ format: 'glow-onnx-sheet', version: 1, name: 'one' },
  ...{ image: 'one.png', tile: { width: 2, height: 2 }, columns: 1, count: 1 },
};

/** Neither has an end: a pipe that nobody writes to, and a device. */
const endless = {
  pipe: (path: string) => execFileSync('mkfifo', [path]),
  device: (path: string) => symlinkSync('/dev/zero', path),
};

function put(kind: keyof typeof endless, name: string): string {
  const path = join(root, kind, name);
  mkdirSync(dirname(path), { recursive: true });
  endless[kind](path);
  return path;
}

const onUnix = process.platform === 'win32' ? describe.skip : describe;

onUnix.each(['pipe', 'device'] as const)('a %s is not read', (kind) => {
  test('as metadata.csv, which is a fault, or as the label file', async () => {
    write(`${kind}/csv/a.png`, await png(2, 2, plain(2, 2, [7])));
    const path = put(kind, 'csv/metadata.csv');
    const data = await openDataset(dirname(path));
    expect(data.labelFaults).toEqual([{ reason: expect.stringContaining(`${path} is not a regular file`) }]);
    await data.close();
    await expect(openDataset(dirname(path), { labelFile: path })).rejects.toThrow('is not a regular file');
  });

  test('as images or labels of an IDX file', async () => {
    const images = put(kind, 'images-idx3-ubyte');
    await expect(openDataset(images)).rejects.toThrow(`${images} is not a regular file`);
    const good = write(
      `${kind}/idx/images-idx3-ubyte.gz`,
      idx(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9),
    );
    const labels = put(kind, 'idx/labels-idx1-ubyte.gz');
    await expect(openDataset(good)).rejects.toThrow(`${labels} is not a regular file`);
  });

  test('as a sheet or its image', async () => {
    const description = put(kind, 'sheet.json');
    await expect(openDataset(description)).rejects.toThrow(`${description} is not a regular file`);
    put(kind, 'one.png');
    await expect(openDataset(write(`${kind}/one.json`, JSON.stringify(sheet)))).rejects.toMatchObject({
      cause: { message: expect.stringContaining('one.png is not a regular file') },
    });
  });

  test('as CIFAR-10, or as its words', async () => {
    await expect(openDataset(put(kind, 'data_batch_1.bin'))).rejects.toThrow('has 0 bytes');
    const good = write(`${kind}/cifar/data_batch_1.bin`, record);
    put(kind, 'cifar/batches.meta.txt');
    const data = await openDataset(good);
    expect(data.labels?.label?.values).toContain('9');
    await data.close();
  });
});
