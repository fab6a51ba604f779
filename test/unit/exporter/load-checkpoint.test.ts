import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { exportModel, loadCheckpoint, verifyFolder } from '@glow-onnx/exporter';
import { type Checkpoint, createGlow, encodeCheckpoint, parseCheckpoint } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime/node';
import { alterFile, alterManifest, shiftGolden } from '../../support/altered-folder.js';
import { glowExport } from '../../support/glow-export.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams } from '../../support/random-params.js';
import { startServer } from '../../support/server.js';
import { checkpoint, config, manifestOf, temporaryFolder } from './fixture.js';

const at = temporaryFolder();
const glow = createGlow(config);
const averages = randomParams(glow, 52).trainable;
const moments = randomParams(glow, 53).trainable;
/** As training leaves it: with averages, the state of the optimiser, and where it was. */
const trained: Checkpoint = {
  ...checkpoint,
  ema: averages,
  optimizer: { m: moments, v: moments },
  progress: { step: 12 },
};

/** Exports to `model`, with its checkpoint. */
const exportWith = (from: Checkpoint = trained) =>
  exportModel(from, { out: at('model'), withCheckpoint: true });
const carried = 'checkpoint.safetensors';

describe('a model folder that carries its checkpoint', () => {
  test('lists it, and gives the parameters of its graphs without the state of training', async () => {
    const { files } = await exportWith();
    const listed = manifestOf(at('model')).files.find(({ path }) => path === carried);
    expect(listed?.bytes).toBe(readFileSync(at('model', carried)).length);
    expect(files).toContainEqual(listed);
    const { training, params } = trained;
    expect(await loadCheckpoint(at('model'))).toEqual({
      origin: 'folder',
      path: at('model'),
      checkpoint: {
        config,
        training,
        initialised: true,
        params: { trainable: averages, fixed: params.fixed },
      },
    });
    expect((await verifyFolder(at('model'))).ok).toBe(true);
  });

  test('loads without it: the runtime never asks for it, from a server or on disk', async () => {
    await exportWith();
    const server = await startServer({ mounts: { '/model/': `${at('model')}/` } });
    try {
      const model = await loadGlow(`${server.origin}/model/`, { device: 'cpu', cache: false });
      await model.dispose();
      expect(server.requests).toContain('/model/onnx/weights.bin');
      expect(server.requests).not.toContain(`/model/${carried}`);
      expect((await loadCheckpoint(`${server.origin}/model/`)).checkpoint.params.trainable).toEqual(averages);
    } finally {
      await server.close();
    }
    rmSync(at('model', carried));
    await (await loadGlow(at('model'), { device: 'cpu' })).dispose();
    expect((await verifyFolder(at('model'))).damaged).toEqual([`${carried} is missing`]);
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(`${carried} is missing; copy the model folder`);
  });

  test('has no new field in its manifest, so earlier releases read it', async () => {
    await exportWith();
    await exportModel(trained, { out: at('bare') });
    const [own, bare] = ['model', 'bare'].map((folder) => {
      const { files, checksum, ...rest } = JSON.parse(readFileSync(at(folder, 'manifest.json'), 'utf8'));
      return rest;
    });
    expect(own).toEqual(bare);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    [
      'another model',
      () => bytesOf(randomParams(glow, 60)),
      /not the model of the graphs: its z0 differs from/,
    ],
    [
      'another config',
      (bytes) => withMetadata(bytes, { config: JSON.stringify({ ...config, bits: 6 }) }),
      /config.bits is 6, manifest.json says 5/,
    ],
    [
      'a newer release',
      (bytes) => withMetadata(bytes, { version: '9' }),
      /format version 9 is newer .*update/,
    ],
    ['no checkpoint', () => new Uint8Array(40), /safetensors: /],
  ])('is refused, and verify says so, if the checkpoint is that of %s', async (_, change, message) => {
    await exportWith();
    await alterFile(at('model'), carried, change);
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(message);
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(`${at('model')}: ${carried}: `);
    const { ok, damaged } = await verifyFolder(at('model'));
    expect({ ok, damaged }).toEqual({ ok: false, damaged: [expect.stringMatching(message)] });
  });

  test('is refused if a byte of the checkpoint has changed', async () => {
    await exportWith();
    const bytes = readFileSync(at('model', carried));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(at('model', carried), bytes);
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(
      /checkpoint.safetensors has sha256 \w+, manifest/,
    );
    expect((await verifyFolder(at('model'))).damaged).toEqual([
      expect.stringMatching(/^checkpoint.safetensors has sha256/),
    ]);
  });
});

describe('a model folder without a checkpoint', () => {
  test('of an earlier release gives the model that its checkpoint has', async () => {
    const { params } = parseCheckpoint(readFileSync('test/support/earlier/checkpoint-1.safetensors'));
    const { checkpoint: found, origin } = await loadCheckpoint('test/support/earlier/model-1');
    expect(origin).toBe('graphs');
    for (const [name, { data }] of Object.entries(found.params.trainable)) {
      if (!/\.coupling\./.test(name)) continue;
      expect(relativeError(data, params.trainable[name]?.data ?? [])).toBeLessThan(1e-6);
    }
    expect(found.training).toMatchObject({ classNames: ['cat', 'dog'] });
  });

  test.each([
    ['one file for each graph', { singleFile: true }],
    ['smaller weights beside fp32', { precision: ['fp32', 'int8-weights', 'fp16'] }],
  ] as const)('is rebuilt with %s', async (_, options) => {
    await exportModel(checkpoint, { out: at('plain') });
    await exportModel(checkpoint, { out: at('model'), ...options });
    const [found, expected] = [await loadCheckpoint(at('model')), await loadCheckpoint(at('plain'))];
    expect(found.origin).toBe('graphs');
    expect(found.checkpoint).toEqual(expected.checkpoint);
  });

  test('is refused if its graphs are another model than its golden values', async () => {
    await exportModel(checkpoint, { out: at('model') });
    await alterFile(at('model'), 'golden.safetensors', (bytes) => shiftGolden(bytes, 'z1', 0.01));
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(
      `${at('model')}: the checkpoint rebuilt from its graphs: it is not the model of the graphs: its z1 differs`,
    );
  });

  test('is refused if a file is damaged, or if a newer release wrote it', async () => {
    await exportModel(checkpoint, { out: at('model') });
    cpSync(at('model'), at('short'), { recursive: true });
    writeFileSync(at('short/onnx/weights.bin'), '');
    await expect(loadCheckpoint(at('short'))).rejects.toThrow(/weights.bin has 0 bytes, manifest.json says/);
    const manifest = readFileSync(at('model/manifest.json'), 'utf8');
    writeFileSync(at('model/manifest.json'), manifest.replace('"formatVersion": 2', '"formatVersion": 7'));
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(/format version 7 is newer .*; update the/);
  });

  test('is refused without the golden values that prove it', async () => {
    await exportModel(checkpoint, { out: at('model') });
    await alterManifest(at('model'), ({ files, ...rest }) => ({
      ...rest,
      files: files.filter(({ path }) => path !== 'golden.safetensors'),
    }));
    await expect(loadCheckpoint(at('model'))).rejects.toThrow(/golden.safetensors is not listed in manifest/);
  });
});

describe('a source that is no model folder', () => {
  test('is a checkpoint as it is, with the state of training', async () => {
    writeFileSync(at('last.safetensors'), encodeCheckpoint(trained));
    expect(await loadCheckpoint(at('last.safetensors'))).toEqual({
      origin: 'file',
      checkpoint: trained,
      path: at('last.safetensors'),
    });
  });

  test('may be the folder of a run, for its best checkpoint', async () => {
    mkdirSync(at('trained'));
    writeFileSync(at('trained/best.safetensors'), encodeCheckpoint(trained));
    expect(await loadCheckpoint(at('trained'))).toEqual({
      origin: 'file',
      checkpoint: trained,
      path: at('trained/best.safetensors'),
    });
  });

  test('is told from one by what to pass', async () => {
    mkdirSync(at('run'));
    await expect(loadCheckpoint(at('run'))).rejects.toThrow(
      `${at('run')} is a folder without manifest.json or best.safetensors; pass`,
    );
    await expect(loadCheckpoint(at('nothing'))).rejects.toThrow(
      /nothing cannot be read: no such file or folder/,
    );
    await expect(loadCheckpoint('owner/nothing')).rejects.toThrow(
      'owner/nothing: no manifest.json found; this folder does not exist; if this is a repository of the Hugging Face Hub',
    );
    writeFileSync(at('text'), 'no checkpoint');
    await expect(loadCheckpoint(at('text'))).rejects.toThrow(`${at('text')}: safetensors: `);
  });
});

describe('the commands', () => {
  test('checkpoint writes the checkpoint of a folder, and says which; no file is replaced unless forced', async () => {
    await exportModel(checkpoint, { out: at('plain') });
    writeFileSync(at('last.safetensors'), encodeCheckpoint(trained));
    const source = at('last.safetensors');
    const made = await glowExport('export', source, '--out', at('model'), '--with-checkpoint');
    expect({ code: made.code, out: made.out }).toEqual({
      code: 0,
      out: expect.stringContaining(': 8 files'),
    });

    const out = at('found.safetensors');
    const first = await glowExport('checkpoint', at('model'), '--out', out);
    expect(first).toEqual({
      code: 0,
      out: `${at('model')}: the checkpoint that it carries\nwrote ${out}\n`,
      err: '',
    });
    expect(readFileSync(out).equals(readFileSync(at('model', carried)))).toBe(true);
    const refused = await glowExport('checkpoint', at('plain'), '--out', out);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('pass --force to replace it') });
    const second = await glowExport('checkpoint', at('plain'), '--out', out, '--force');
    expect(second.out).toContain('plain: rebuilt from its graphs\n');
    expect(parseCheckpoint(readFileSync(out)).initialised).toBe(true);
    const again = await glowExport('checkpoint', out, '--out', at('other'));
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is a checkpoint already') });
  });

  test('checkpoint shows no password and no query of an address', async () => {
    await exportWith();
    const server = await startServer({ mounts: { '/model/': `${at('model')}/` } });
    try {
      const source = `${server.origin.replace('://', '://user:s3cret@')}/model/?key=s3cret`;
      const { out, err } = await glowExport('checkpoint', source, '--out', at('found.safetensors'));
      expect(err).toBe('');
      expect(out).toContain(`${server.origin}/model/: the checkpoint that it carries\n`);
      expect(out).not.toContain('s3cret');
    } finally {
      await server.close();
    }
  });

  test.each([
    ['the folder', ''],
    ['its checkpoint', carried],
  ])('export of %s onto itself keeps the checkpoint that the folder carries', async (_, source) => {
    await exportWith();
    const before = readFileSync(at('model', carried));
    const onto = [at('model', source), '--out', `${at('model')}/`, '--force'];
    const { code, err } = await glowExport(...onto);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('--with-checkpoint to keep') });
    expect(readFileSync(at('model', carried)).equals(before)).toBe(true);
    expect((await glowExport(...onto, '--with-checkpoint')).code).toBe(0);
    expect(readFileSync(at('model', carried)).equals(before)).toBe(true);
  });

  test('checkpoint replaces no file of the folder that it reads', async () => {
    await exportWith();
    const before = readFileSync(at('model', carried));
    const { code, err } = await glowExport(
      'checkpoint',
      at('model'),
      '--out',
      at('model', carried),
      '--force',
    );
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('which is read by this command') });
    expect(readFileSync(at('model', carried)).equals(before)).toBe(true);
  });

  test('export takes a folder, for example for another precision, and may replace it', async () => {
    await exportModel(checkpoint, { out: at('model') });
    const onto = [at('model'), '--out', at('model'), '--force'];
    const { code } = await glowExport(...onto, '--precision', 'int8-weights');
    expect(code).toBe(0);
    expect(Object.keys(manifestOf(at('model')).variants)).toEqual(['fp32', 'int8-weights']);
    expect(manifestOf(at('model')).training).toEqual(checkpoint.training);
    renameSync(at('model'), at('moved'));
    expect((await glowExport('verify', at('moved'))).code).toBe(0);
  });
});

function bytesOf(params: Checkpoint['params']): Uint8Array {
  return encodeCheckpoint({ config, params, initialised: true });
}

function withMetadata(bytes: Uint8Array, change: Record<string, string>): Uint8Array {
  const { tensors, metadata } = parseSafetensors(bytes);
  return encodeSafetensors(tensors, { ...metadata, ...change });
}
