import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { exportModel, importWeights, verifyFolder } from '@glow-onnx/exporter';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { glowExport as run } from '../../support/glow-export.js';
import { checkpoint, temporaryFolder } from './fixture.js';

const at = temporaryFolder();
const out = 'never-written';

test.each<[string, () => Promise<unknown> | unknown, string]>([
  [
    'no options',
    () => exportModel(checkpoint, undefined as never),
    'exportModel: expected the options as an object',
  ],
  [
    'no out',
    () => exportModel(checkpoint, {} as never),
    'exportModel: out must be the path of the folder to make',
  ],
  [
    'a mistyped name',
    () => exportModel(checkpoint, { out, tolerence: 2 } as never),
    'did you mean tolerance?',
  ],
  [
    "another library's name",
    () => exportModel(checkpoint, { out, dtype: 'fp16' } as never),
    'did you mean precision?',
  ],
  [
    'a precision that is no list',
    () => exportModel(checkpoint, { out, precision: 'fp16' } as never),
    'exportModel: precision must be a list of "fp32", ',
  ],
  [
    'a path for a checkpoint',
    () => exportModel('a.safetensors' as never, { out }),
    'parseCheckpoint reads its file',
  ],
  [
    'a mistyped name to verify',
    () => verifyFolder('x', { presicion: [] } as never),
    'did you mean precision?',
  ],
  [
    'a device that is none',
    () => verifyFolder('x', { device: 'gpu' as never }),
    'verifyFolder: device must be "cpu"',
  ],
  ['no folder', () => verifyFolder(undefined as never), 'expected the path of a model folder, got undefined'],
  [
    'no bytes to import',
    () => importWeights('a' as never, 'port'),
    'the bytes of a file of weights, got "a"',
  ],
  [
    'an unknown layout',
    () => importWeights(new Uint8Array(9), 'keras' as never),
    'importWeights: layoutName must be "tutorial", "port", ',
  ],
  [
    'a mistyped size',
    () => importWeights(new Uint8Array(9), 'port', { heigth: 9 } as never),
    'did you mean height?',
  ],
])('%s is an error that says what is meant', async (_, call, message) => {
  await expect((async () => call())()).rejects.toThrow(message);
});

describe('a folder given to glow-export', () => {
  const save = (name: string) => writeFileSync(at(name), encodeCheckpoint(checkpoint));

  test('of a run gives its best checkpoint, and says so', async () => {
    for (const name of ['best.safetensors', 'last.safetensors']) save(name);
    const { code, out, err } = await run(at(), '--out', at('model'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')[0]).toBe(`exported ${at('best.safetensors')}`);
    const again = await run(at('best.safetensors'), '--out', at('again'));
    expect(again.out).not.toContain('exported');
    expect(readFileSync(at('model', 'onnx', 'weights.bin'))).toEqual(
      readFileSync(at('again', 'onnx', 'weights.bin')),
    );
  });

  test.each<[string, string[], string[], string]>([
    [
      'without its best state',
      ['last.safetensors'],
      [],
      'has no best.safetensors; pass FOLDER/last.safetensors',
    ],
    [
      'without checkpoints',
      [],
      [],
      'FOLDER is a folder without manifest.json or best.safetensors; pass a model folder',
    ],
    ['of another program', [], ['--from', 'port'], 'FOLDER is a folder; pass the file of weights in it'],
  ])('%s is an error that says which file', async (_, files, flags, message) => {
    mkdirSync(at('given'));
    for (const file of files) save(`given/${file}`);
    const { code, err } = await run(at('given'), '--out', at('model'), ...flags);
    expect(code).toBe(1);
    expect(err.replaceAll(at('given'), 'FOLDER')).toContain(message);
  });
});

test('verify names the folder, whatever is wrong in it', async () => {
  await exportModel(checkpoint, { out: at('model') });
  const manifest = at('model', 'manifest.json');
  for (const text of ['{', '{}', readFileSync(manifest, 'utf8').replace('"bits": 5', '"bits": 6')]) {
    writeFileSync(manifest, text);
    const { code, err } = await run('verify', at('model'));
    expect(code).toBe(1);
    expect(err).toMatch(`glow-export: verify: ${at('model')}: manifest.json: `);
  }
});
