import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { nodeCodec, readWholeFile } from '@glow-onnx/runtime/internal-node';

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

test('readWholeFile takes small files, and says in words which one is not there', async () => {
  writeFileSync(join(folder, 'small'), 'abc');
  expect([...(await readWholeFile(join(folder, 'small')))]).toEqual([97, 98, 99]);
  await expect(readWholeFile(join(folder, 'none'))).rejects.toMatchObject({
    code: 'ENOENT',
    message: `${join(folder, 'none')} cannot be read: no such file or folder (ENOENT)`,
  });
});

const whereLinux = process.platform === 'linux' ? test : test.skip;

whereLinux(
  'readWholeFile takes files whose size the system does not tell, but no endless device',
  async () => {
    expect((await readWholeFile('/proc/version')).length).toBeGreaterThan(0);
    await expect(readWholeFile('/proc/version', 3)).rejects.toThrow('has more than 3 bytes');
    await expect(readWholeFile('/dev/zero')).rejects.toThrow('/dev/zero is not a file');
  },
);

const wherePipes = process.platform === 'win32' ? describe.skip : describe;

wherePipes('readWholeFile of a pipe', () => {
  const pipe = () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    return join(folder, 'pipe');
  };

  test('waits for its writer, and for the end of the writer', async () => {
    const path = pipe();
    const bytes = readWholeFile(path);
    const writer = spawn('bash', ['-c', 'sleep 0.1; exec > "$0"; echo first; sleep 0.1; echo last', path]);
    expect(Buffer.from(await bytes).toString()).toBe('first\nlast\n');
    expect(writer.exitCode ?? 0).toBe(0);
  });

  test('takes more than a pipe holds at once', async () => {
    const path = pipe();
    spawn('bash', ['-c', 'head -c 1000000 /dev/zero > "$0"', path]);
    expect((await readWholeFile(path)).length).toBe(1_000_000);
  });

  test('ends at the limit, also for an image', async () => {
    const path = pipe();
    const writeForEver = () => spawn('bash', ['-c', 'cat /dev/zero > "$0"', path]);
    writeForEver();
    await expect(readWholeFile(path, 1000)).rejects.toThrow(
      'has more than 1000 bytes, expected at most 1000',
    );
    writeForEver();
    const codec = nodeCodec({ maxPixels: 1000, maxBytes: 2000 });
    await expect(codec.read(path)).rejects.toThrow('has more than 2000 bytes');
  });

  test('does not keep a process that is interrupted', async () => {
    const program = `import { readWholeFile } from './packages/runtime/dist/internal-node.js';
      process.on('SIGINT', () => process.exit(130));
      console.log('reads');
      await readWholeFile(${JSON.stringify(pipe())});`;
    const reader = spawn(process.execPath, ['--input-type=module', '-e', program]);
    await once(reader.stdout, 'data');
    reader.kill('SIGINT');
    expect(await once(reader, 'exit')).toEqual([130, null]);
  });
});

test('readWholeFile says that an array of that size is beyond Node', async () => {
  const path = sparse(2 ** 43, {});
  await expect(readWholeFile(path)).rejects.toThrow(
    /file has \d+ bytes, more than one array can hold in Node v\d/,
  );
});
