import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../../packages/exporter/src/main.js';
import { readGolden } from '../../support/golden-files.js';

const folder = mkdtempSync(join(tmpdir(), 'glow-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The file with one tensor more, a hole on the disk, of another part of its program. */
function enlarge(bytes: Uint8Array, surplus: number): string {
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const data = bytes.subarray(start);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const text = JSON.stringify({
    ...header,
    'classifier.table': { dtype: 'U8', shape: [surplus], data_offsets: [data.length, data.length + surplus] },
  });
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new Uint8Array(BigUint64Array.of(BigInt(head.length)).buffer);
  const path = join(folder, 'weights.safetensors');
  const file = openSync(path, 'w');
  for (const part of [length, head, data]) writeSync(file, part);
  closeSync(file);
  truncateSync(path, 8 + head.length + data.length + surplus);
  return path;
}

test('glow-export reads weights from a file that is larger than 2 GiB', async () => {
  const path = enlarge(readGolden('tutorial-rgb-8x8-l2-k2').bytes, 2 ** 31);
  expect(statSync(path).size).toBeGreaterThan(2 ** 31);
  const printed: string[] = [];
  const terminal = { write: (text: string) => printed.push(text) };
  const argv = [path, '--from', 'tutorial', '--size', '8x8', '--bits', '8', '--out', join(folder, 'model')];
  const code = await main(argv, '0.0.0', { stdout: terminal, stderr: terminal });
  expect(`${code} ${printed.join('')}`).toMatch(/^0 .*^3×8×8/ms);
});
