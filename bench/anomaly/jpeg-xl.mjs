// The bits of a picture by JPEG XL, as another compressor for `excess`. Debian: libjxl-tools.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bits/dim of the picture's values below 2^bits, coded without loss by cjxl -d 0 -e 9, container and header included. */
export function jpegXlBits({ data, height, width, channels }, bits) {
  const folder = mkdtempSync(join(tmpdir(), 'jxl-'));
  try {
    const [from, to] = ['in.pnm', 'out.jxl'].map((name) => join(folder, name));
    const most = 2 ** bits - 1;
    const head = `${channels === 1 ? 'P5' : 'P6'}\n${width} ${height}\n${most}\n`;
    writeFileSync(from, Buffer.concat([Buffer.from(head), Buffer.from(data)]));
    execFileSync('cjxl', [from, to, '-d', '0', '-e', '9', '--num_threads=0', '--quiet'], { stdio: 'pipe' });
    return (8 * readFileSync(to).length) / data.length;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
