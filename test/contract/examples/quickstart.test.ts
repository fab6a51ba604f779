import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';

const run = promisify(execFile);
const root = join(__dirname, '../../..');

test('the quick start trains, exports, restores every pixel and draws six pictures', async () => {
  const out = await mkdtemp(join(tmpdir(), 'quickstart-'));
  try {
    const script = join(root, 'examples/quickstart/quickstart.mjs');
    const { stdout } = await run(process.execPath, [script, '--seconds', '10', '--out', out], { cwd: root });
    const [, before, after] = /held-out faces: ([\d.]+) bits\/dim before, ([\d.]+) after/.exec(stdout) ?? [];
    expect(Number(before)).toBeGreaterThan(Number(after));
    expect(stdout.match(/largest error of a pixel 0 of 31/g)).toHaveLength(2);

    for (const name of ['samples', 'reconstructions', 'interpolation']) {
      for (const [prefix, side] of [
        ['', 16],
        ['trained-', 32],
      ] as const) {
        const grid = { width: 12 * (4 * side + 4) - 4, format: 'png' };
        expect(await sharp(join(out, `${prefix}${name}.png`)).metadata()).toMatchObject(grid);
      }
    }
    const left = (await readdir(out)).filter((name) => !name.endsWith('.png'));
    expect(left.sort()).toEqual(['quickstart-model', 'quickstart-run']);
  } finally {
    await rm(out, { recursive: true });
  }
}, 120_000);

test('the quick start refuses a time that is none', async () => {
  const script = join(root, 'examples/quickstart/quickstart.mjs');
  await expect(run(process.execPath, [script, '--seconds', 'soon'], { cwd: root })).rejects.toThrow(
    '--seconds: expected a positive number, got soon',
  );
});
