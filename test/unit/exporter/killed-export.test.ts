import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { temporaryName } from '@glow-onnx/runtime/internal-node';
import { checkpoint, temporaryFolder } from './fixture.js';

const at = temporaryFolder();

/** Fills the folder `model` as an export does, in a process that ends in the middle. */
function exportAndEnd(when: 'filling' | 'moving', end: string): void {
  const program = `import files from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const end = () => { ${end} };
    const { renameSync } = files;
    files.renameSync = (...paths) => { renameSync(...paths); end(); };
    syncBuiltinESMExports();
    const { writeFolder } = await import('./packages/runtime/dist/node/write-folder.js');
    await writeFolder('export', ${JSON.stringify(at('model'))}, true, async (_, write) => {
      await write('encode.onnx', ['half']);
      if (${when === 'filling'}) end();
    });`;
  spawnSync(process.execPath, ['--input-type=module', '-e', program]);
}
const kill = "process.kill(process.pid, 'SIGKILL')";

test('an export that exits in the middle leaves nothing', () => {
  exportAndEnd('filling', 'process.exit(130)');
  expect(readdirSync(at())).toEqual([]);
});

test('the remains of a killed export go with the next export', async () => {
  exportAndEnd('filling', kill);
  expect(readdirSync(at())).toEqual([expect.stringMatching(/^\.model\..*\.tmp$/)]);
  await exportModel(checkpoint, { out: at('model') });
  expect(readdirSync(at())).toEqual(['model']);
});

test('a folder that an export was replacing when it was killed is back with the next export', async () => {
  await exportModel(checkpoint, { out: at('model') });
  writeFileSync(join(at('model'), 'README.md'), 'of before');
  exportAndEnd('moving', kill);
  expect(readdirSync(at())).not.toContain('model');
  await expect(exportModel(checkpoint, { out: at('model') })).rejects.toThrow('exists; pass --force');
  expect(readFileSync(join(at('model'), 'README.md'), 'utf8')).toBe('of before');
  expect(readdirSync(at())).toEqual(['model']);
});

test('a folder that an export was replacing stays when another name begins alike', async () => {
  const old = temporaryName(at('.model.v2'), 'old').replace(/-[0-9a-f]{8}\./, '-01234567.'); // of a process that ended
  mkdirSync(old);
  writeFileSync(join(old, 'README.md'), 'the only copy');
  await exportModel(checkpoint, { out: at('model') });
  await exportModel(checkpoint, { out: at('model'), force: true });
  expect(readFileSync(join(old, 'README.md'), 'utf8')).toBe('the only copy');
});
