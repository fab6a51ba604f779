import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseGolden } from '@glow-onnx/runtime/session';
import { relativeError } from '../../support/numeric.js';

/** Float32 rounding through all steps of the model, as a share of the largest number. */
const FLOAT32 = 1e-4;

const faces = join(__dirname, '../../../models/pixel-faces');
const golden = parseGolden(readFileSync(join(faces, 'golden.safetensors')));

/** Prints the latents of the golden images, level by level. Its sessions have the threads that ONNX Runtime chooses. */
const program = `
import { readFileSync } from 'node:fs';
import { loadGlow } from '@glow-onnx/runtime/node';
import { parseGolden } from '@glow-onnx/runtime/session';
const { x } = parseGolden(readFileSync('${faces}/golden.safetensors'));
const [count, ...shape] = x.shape;
const size = x.data.length / count;
const images = Array.from({ length: count }, (_, i) => ({ shape, data: x.data.slice(i * size, (i + 1) * size) }));
const glow = await loadGlow('${faces}', { cache: false });
const { z } = await glow.encode(images);
await glow.dispose();
console.log(JSON.stringify(z[0].levels.map((_, level) => z.flatMap(({ levels }) => [...levels[level].data]))));
`;

test('a process without the one thread that other tests give to ONNX Runtime computes the golden latents', () => {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: join(__dirname, '../../..'),
    encoding: 'utf8',
    env,
  });
  const latents: number[][] = JSON.parse(printed);
  expect(latents).toHaveLength(3);
  for (const [level, values] of latents.entries()) {
    expect(relativeError(values, golden[`z${level}`]?.data as Float32Array)).toBeLessThan(FLOAT32);
  }
});
