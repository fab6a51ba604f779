import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { cp, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256OfFile } from '../../../packages/runtime/src/node/sha256-of-file.js';
import { alterManifest } from '../../support/altered-folder.js';

const root = join(__dirname, '../../..');
const folder = join(root, 'models/pixel-faces');

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

/** Bytes at the peak, beyond what the process had before, of a load in both directions. Linux counts them. */
function peakOf(model: string): number {
  const program = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { loadGlow } from '@glow-onnx/runtime';
    const kilobytes = (name) => Number(new RegExp(name + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    const before = kilobytes('VmRSS');
    writeFileSync('/proc/self/clear_refs', '5'); // the peak begins anew
    const glow = await loadGlow(${JSON.stringify(model)}, { device: 'cpu', cache: false });
    console.log(1024 * (kilobytes('VmHWM') - before));
    await glow.dispose();`;
  const argv = ['--input-type=module', '--eval', program];
  return Number(execFileSync(process.execPath, argv, { cwd: root, encoding: 'utf8' }));
}

const testOnLinux = process.platform === 'linux' ? test : test.skip;

testOnLinux(
  'a load of large weights holds no copy of their file',
  async () => {
    const large = join(await mkdtemp(join(tmpdir(), 'glow-large-')), 'model');
    const [path, bytes] = ['onnx/weights.bin', 512 * 2 ** 20];
    await cp(folder, large, { recursive: true });
    await truncate(join(large, path), bytes); // takes no room on the disk
    const sha256 = await sha256OfFile(join(large, path), { where: path });
    await alterManifest(large, (manifest) => ({
      ...manifest,
      files: manifest.files.map((file) => (file.path === path ? { path, bytes, sha256 } : file)),
    }));
    expect(peakOf(large)).toBeLessThan(bytes / 2);
    await rm(join(large, '..'), { recursive: true });
  },
  60_000,
);
