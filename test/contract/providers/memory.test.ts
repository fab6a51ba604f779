import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const folder = join(root, 'models/faces');

/** Bytes of arrays that JavaScript holds beyond those before a model was loaded, a second after its graphs have run. */
function heldAfter(calls: string): number {
  const program = `
    import { loadGlow } from '@glow-onnx/runtime';
    const held = () => { gc(); return process.memoryUsage().arrayBuffers; };
    const before = held();
    const glow = await loadGlow(${JSON.stringify(folder)}, { device: 'cpu', cache: false });
    const [face] = await glow.sample({ seed: 1 });
    ${calls}
    let least = Infinity;
    for (let round = 0; round < 20; round++) {
      await new Promise((done) => setTimeout(done, 50)); // memory is freed in the background
      least = Math.min(least, held() - before);
    }
    console.log(least, glow.device);
    await glow.dispose();`;
  const argv = ['--expose-gc', '--input-type=module', '--eval', program];
  const [bytes, device] = execFileSync(process.execPath, argv, { cwd: root, encoding: 'utf8' }).split(' ');
  expect(device?.trim()).toBe('cpu');
  return Number(bytes);
}

test('once both graphs are open, the weights are in the memory of ONNX Runtime alone', () => {
  const weights = statSync(join(folder, 'onnx/weights.bin')).size;
  expect(heldAfter('await glow.encode(face);')).toBeLessThan(0.2 * weights);
}, 60_000);
