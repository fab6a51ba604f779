import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { exportFiles } from '@glow-onnx/exporter/files';
import { loadGlow } from '@glow-onnx/runtime';
import { checkpoint, temporaryFolder } from './fixture.js';

const at = temporaryFolder();
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

/** These state the device that measured the errors. */
const measuring = ['manifest.json', 'README.md'];

describe('exportFiles', () => {
  test('makes the files that exportModel writes, byte for byte, but for the errors, which wasm measured', async () => {
    const out = at('model');
    const { files: written } = await exportModel(checkpoint, { out, license: 'CC0-1.0' });
    const files = await exportFiles(checkpoint, { license: 'CC0-1.0' });
    expect([...files.keys()].sort()).toEqual(written.map(({ path }) => path).sort());
    for (const [path, bytes] of files) {
      if (!measuring.includes(path))
        expect([path, readFileSync(join(out, path)).equals(bytes)]).toEqual([path, true]);
    }
    const { measured, ...facts } = JSON.parse(text(files.get('manifest.json')));
    const { measured: onCpu, ...expected } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
    expect({ ...facts, checksum: 0 }).toEqual({ ...expected, checksum: 0 });
    expect(measured).toHaveLength(onCpu.length);
    for (const { device, value, tolerance } of measured) {
      expect(device).toBe('wasm');
      expect(value).toBeLessThanOrEqual(tolerance);
    }
    expect(Math.max(...measured.map(({ value }: { value: number }) => value))).toBeGreaterThan(0);
  });

  test('makes a model that loadGlow takes as it is', async () => {
    const glow = await loadGlow(await exportFiles(checkpoint));
    try {
      const images = await glow.sample({ count: 2, seed: 1 });
      const { z } = await glow.encode(images);
      expect(await glow.decode(z)).toEqual(images);
    } finally {
      await glow.dispose();
    }
  });

  test('refuses a checkpoint that has not seen a batch', async () => {
    await expect(exportFiles({ ...checkpoint, initialised: false })).rejects.toThrow(
      'train it for at least one step',
    );
  });
});
