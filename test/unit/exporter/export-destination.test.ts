import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { checkpoint, manifestOf, temporaryFolder } from './fixture.js';

const at = temporaryFolder();

describe('exportModel onto what is there', () => {
  test('refuses a folder unless forced, and then replaces it whole', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    writeFileSync(join(out, 'README.md'), 'stale');
    await expect(exportModel(checkpoint, { out })).rejects.toThrow('exists; pass --force');
    await exportModel(checkpoint, { out, force: true });
    expect(readFileSync(join(out, 'README.md'), 'utf8')).not.toBe('stale');
    expect(readdirSync(at())).toEqual(['model']);
  });

  test('replaces the folder that a link leads to, and leaves the link', async () => {
    await exportModel(checkpoint, { out: at('disk', 'model') });
    writeFileSync(at('disk', 'model', 'README.md'), 'stale');
    symlinkSync(at('disk', 'model'), at('link'));
    await exportModel(checkpoint, { out: at('link'), force: true });
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('disk', 'model', 'README.md'), 'utf8')).not.toBe('stale');
    expect(readdirSync(at('disk'))).toEqual(['model']);
  });

  test('keeps the old folder when the new one fails', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    const before = manifestOf(out);
    const failing = exportModel(checkpoint, { out, force: true, tolerance: 1e-6 });
    await expect(failing).rejects.toThrow('expected at most');
    expect(manifestOf(out)).toEqual(before);
    expect(readdirSync(at())).toEqual(['model']);
  });

  test('does not touch a folder that is no model, forced or not', async () => {
    const out = at('photos');
    mkdirSync(out);
    writeFileSync(join(out, 'cat.png'), 'cat');
    await expect(exportModel(checkpoint, { out, force: true })).rejects.toThrow(
      'holds cat.png, which is not part of a model folder',
    );
    expect(readdirSync(out)).toEqual(['cat.png']);
    await expect(exportModel(checkpoint, { out: join(out, 'cat.png'), force: true })).rejects.toThrow(
      'is a file',
    );
  });
});

describe('exportModel beside other work', () => {
  test('leaves alone what was put into a model folder', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    mkdirSync(join(out, 'data'));
    writeFileSync(join(out, 'data', 'faces.png'), 'faces');
    await expect(exportModel(checkpoint, { out, force: true })).rejects.toThrow('holds data/faces.png');
    expect(readFileSync(join(out, 'data', 'faces.png'), 'utf8')).toBe('faces');
  });

  test('a failure removes the folders it made, but not those that others have filled since', async () => {
    const failing = () => exportModel(checkpoint, { out: at('new/deep/a'), tolerance: 1e-9 });
    await expect(failing()).rejects.toThrow('expected at most');
    expect(readdirSync(at())).toEqual([]);
    const other = expect(failing()).rejects.toThrow('expected at most');
    await exportModel(checkpoint, { out: at('new/b') });
    await other;
    expect(readdirSync(at('new'))).toEqual(['b']);
  });

  test('two exports to one place at once leave one whole model', async () => {
    const results = await Promise.allSettled([1, 2].map(() => exportModel(checkpoint, { out: at('model') })));
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(readdirSync(at())).toEqual(['model']);
    expect(manifestOf(at('model')).files.length).toBeGreaterThan(0);
  });
});
