import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel, loadCheckpoint } from '@glow-onnx/exporter';
import { type Checkpoint, createGlow, createRandom, encodeCheckpoint } from '@glow-onnx/flow';
import { bitsPerDimension } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openSession } from '@glow-onnx/runtime/session';
import { datasetFrom, defaultSettings, train } from '@glow-onnx/trainer';
import sharp from 'sharp';
import { createBatches } from '../../../packages/trainer/src/run/batches.js';
import { glowTrain } from '../../support/glow-train.js';
import { randomParams } from '../../support/random-params.js';
import { startServer } from '../../support/server.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { readCheckpoint, temporaryRuns } from '../../support/training.js';

const runAt = temporaryRuns();
const faces = 'models/pixel-faces';
/** Of bits/dim: the same flow in float32, by other programs. */
const sameBits = 1e-4;

/** Images that are no faces: coloured discs on ramps. */
function discs(count: number, side = 16) {
  const random = createRandom(5);
  return Array.from({ length: count }, () => {
    const [x, y, r, slope] = Array.from({ length: 4 }, () => random.uniform()) as [
      number,
      number,
      number,
      number,
    ];
    const data = new Uint8Array(3 * side * side);
    for (let at = 0; at < side * side; at++) {
      const [row, column] = [Math.floor(at / side), at % side];
      const inside = Math.hypot(row - side * x, column - side * y) < side * (0.2 + 0.2 * r);
      const ramp = 40 + ((140 * slope) / side) * row;
      data.set(inside ? [230, 90 + column, 60] : [ramp, ramp, 200 - ramp / 2], 3 * at);
    }
    return { data, height: side, width: side, channels: 3 as const };
  });
}

/** Batches of training have the channels last. */
function channelsFirst(x: Float32Array): Float32Array {
  return x.map((_, at) => {
    const [image, channel, pixel] = [Math.floor(at / 768), Math.floor(at / 256) % 3, at % 256];
    return x[768 * image + 3 * pixel + channel] as number;
  });
}

test('fine-tuning of models/pixel-faces starts with the bits/dim of its graphs, and goes on from there', async () => {
  const data = await datasetFrom(discs(20), { name: 'discs' });
  const settings = { batch: 8, epochs: 2, rate: 5e-4, warmup: 2, ema: 0.5, valFraction: 0.2 };
  const { checkpoint } = await loadCheckpoint(faces);
  const own: number[] = [];
  const graph = readFileSync(join(faces, 'onnx/encode.onnx'));
  const session = await openSession({ model: graph, folder: join(faces, 'onnx'), device: 'cpu' });
  const batches = createBatches(data, checkpoint.config, { ...defaultSettings, ...settings });
  for await (const { x, count } of batches.validation()) {
    const { log_prob } = await session.run({ x: { shape: [count, 3, 16, 16], data: channelsFirst(x) } });
    for (const nats of log_prob?.data ?? [])
      own.push(bitsPerDimension(nats, 3 * 16 * 16, checkpoint.config.bits));
  }
  await session.release();
  const before = own.reduce((sum, bits) => sum + bits, 0) / own.length;

  const out = runAt('faces');
  const result = await train({ start: { init: checkpoint }, data, out, device: 'cpu', threads: 1, settings });
  expect(own).toHaveLength(4);
  expect(Math.abs(result.bitsPerDim.before - before)).toBeLessThan(sameBits * before);
  expect(result.bitsPerDim.best).toBeLessThan(0.8 * before);
  const tuned = await readCheckpoint(out, 'best');
  expect(tuned.training).toMatchObject({ dataset: 'discs', startedFrom: 'faces, 22645 steps' });
}, 240_000);

describe('glow-onnx train --init', () => {
  const config = tinyConfig({ channels: 1, prior: 'learned', classes: 2 });
  const model: Checkpoint = {
    config,
    params: randomParams(createGlow(config), 90),
    initialised: true,
    training: { dataset: 'noise', steps: 12, labels: 'folder', classNames: ['dark', 'light'] },
  };
  let folder: string;
  let photos: string;
  const flags = (out: string) => {
    const run = ['--batch', '4', '--epochs', '1', '--device', 'wasm', '--threads', '1'];
    return ['--data', photos, '--out', runAt(out), ...run];
  };
  beforeAll(async () => {
    folder = runAt('model');
    await exportModel(model, { out: folder });
    photos = runAt('photos');
    for (let i = 0; i < 12; i++) {
      const background = i % 2 === 0 ? { r: 30, g: 40, b: 50 + i } : { r: 200, g: 220, b: 180 + i };
      const place = join(photos, i % 2 === 0 ? 'dark' : 'light');
      await mkdir(place, { recursive: true });
      const image = { create: { width: 20 + i, height: 24, channels: 3 as const, background } };
      await sharp(image)
        .png()
        .toFile(join(place, `${i}.png`));
    }
  });

  test('takes a folder: images of any size and colour become those of the model, with its classes', async () => {
    const { code, stderr, stdout } = await glowTrain(...flags('tuned'), '--init', folder, '--bits', '5');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('2 steps, 1 epoch') });
    expect(stderr).toContain(
      `photos: 12 images of 1×8×8\nstart: ${folder}, rebuilt from its graphs: 1×8×8, 5 bits, 2 levels × 2 steps, ` +
        '8 hidden channels\n  bits: it keeps the upper 5 of 8 bits; compare its bits/dim only at --bits 5\n',
    );
    const { config: tuned, training } = await readCheckpoint(runAt('tuned'), 'last');
    expect(tuned).toEqual(config);
    expect(training).toMatchObject({ classNames: ['dark', 'light'], startedFrom: 'noise, 12 steps' });
    await glowTrain(
      '--data',
      photos,
      '--out',
      runAt('tuned'),
      '--resume',
      '--epochs',
      '2',
      '--device',
      'wasm',
    );
    const resumed = await readCheckpoint(runAt('tuned'), 'last');
    expect(resumed.training).toMatchObject({ steps: 4, startedFrom: 'noise, 12 steps' });
  });

  test('takes another size where told so, and says what that means', async () => {
    const { code, stderr } = await glowTrain(...flags('larger'), '--init', folder, '--size', '16x12');
    expect(code).toBe(0);
    expect(stderr).toContain('\n  size: it was trained on 8×8 and takes 16×12 too, but starts worse where');
    expect((await readCheckpoint(runAt('larger'), 'last')).config).toMatchObject({ height: 16, width: 12 });
  });

  test('the model of a run that was tuned exports and draws its classes', async () => {
    await glowTrain(...flags('exported'), '--init', folder);
    await exportModel(await readCheckpoint(runAt('exported'), 'best'), { out: runAt('tuned model') });
    const tuned = await loadGlow(runAt('tuned model'), { device: 'cpu' });
    expect(await tuned.sample({ label: 'light' })).toHaveLength(1);
    await tuned.dispose();
    expect(await readFile(runAt('tuned model/README.md'), 'utf8')).toContain(
      'started from | noise, 12 steps',
    );
  });

  test.each([
    [['--bits', '8'], '--bits contradicts --init: MODEL has bits 5, and'],
    [['--hidden', '16'], '--hidden contradicts --init: MODEL has hidden 8, and'],
    [['--preset', 'openai'], '--preset contradicts --init: MODEL is of another variant, and'],
    [['--channels', '3'], '--channels contradicts --init: MODEL has channels 1, and'],
    [
      ['--size', '10x8'],
      '--size 10x8: MODEL has 2 levels, so height and width must be divisible by 4; it was trained with --size 8x8',
    ],
    [
      ['--data', 'models/pixel-faces/faces.json', '--limit', '20'],
      'faces has images of 3 channels, but MODEL has 1, which stay; pass --channels 1, or a folder of images, which are converted',
    ],
    [['--init', 'models'], 'models is a folder without manifest.json or best.safetensors; pass a model'],
    [
      ['--init', faces, '--labels', 'folder'],
      '--labels contradicts --init: models/pixel-faces has the prior "standard", which no class can move, and',
    ],
    [['--labels', 'mood'], 'no attribute "mood" (found: folder)'],
  ])('%j is refused in one line before anything is written', async (argv, message) => {
    const { code, stderr } = await glowTrain(...flags('refused'), '--init', folder, ...argv);
    const line = stderr.trimEnd().split('\n').at(-1);
    expect({ code, line }).toEqual({
      code: 1,
      line: expect.stringContaining(message.replaceAll('MODEL', folder)),
    });
    await expect(readCheckpoint(runAt('refused'), 'last')).rejects.toThrow('ENOENT');
  });

  test('gives classes to a model without: at first with the density of before, and training tells them apart', async () => {
    const { classes, ...others } = config;
    const plain = { ...others, classes: 0 };
    const { 'prior.classes': _, ...trainable } = model.params.trainable;
    const init = join(runAt('plain'), 'model');
    const checkpoint = { config: plain, params: { ...model.params, trainable }, initialised: true };
    await exportModel(checkpoint, { out: init });
    const before = async (out: string, ...labels: string[]) => {
      const { code, stdout, stderr } = await glowTrain(
        ...flags(out),
        '--init',
        init,
        '--lr',
        '0.1',
        ...labels,
      );
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      return { bits: /: ([\d.]+) before/.exec(stdout)?.[1], stderr };
    };
    const without = await before('without classes');
    const labelled = await before('with classes', '--labels', 'folder');
    expect(labelled.bits).toBe(without.bits);
    expect(labelled.stderr).toContain(
      '\n  classes: it has none and gets those of folder; it starts by drawing the same for all\n',
    );
    const { config: given, params, training } = await readCheckpoint(runAt('with classes'), 'last');
    expect(given).toEqual(config);
    expect(training).toMatchObject({ labels: 'folder', classNames: ['dark', 'light'] });
    expect(params.trainable['prior.classes'].data.some((value) => Math.abs(value) > 1e-3)).toBe(true);
  });

  test('shows no password and no query of an address', async () => {
    const server = await startServer({ mounts: { '/model/': `${folder}/` } });
    try {
      const init = `${server.origin.replace('://', '://user:s3cret@')}/model/?key=s3cret`;
      const { code, stderr } = await glowTrain(...flags('refused'), '--init', init, '--bits', '8');
      expect(code).toBe(1);
      expect(stderr).toContain(`--bits contradicts --init: ${server.origin}/model/ has bits 5, and`);
      expect(stderr).not.toContain('s3cret');
    } finally {
      await server.close();
    }
  });

  test('images that the model gives no finite density are refused as too unlike its own', async () => {
    const init = runAt('stretched.safetensors');
    const params = structuredClone(model.params);
    params.trainable['levels.0.steps.0.actnorm.logScale']?.data.fill(100); // e¹⁰⁰ is beyond float32
    await writeFile(init, encodeCheckpoint({ ...model, params }));
    const { code, stderr } = await glowTrain(...flags('unlike'), '--init', init);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /the held-out images have (NaN|Infinity) bits\/dim under the model to start from \(noise, 12 steps\): .*--init\n$/,
    );
    await expect(readCheckpoint(runAt('unlike'), 'last')).rejects.toThrow('ENOENT');
  });

  test('a model of two channels is refused, because no image file has two', async () => {
    const two = tinyConfig({ channels: 2 });
    const init = runAt('two.safetensors');
    const params = randomParams(createGlow(two), 1);
    await writeFile(init, encodeCheckpoint({ config: two, params, initialised: true }));
    const { stderr } = await glowTrain(...flags('refused'), '--init', init);
    expect(stderr).toContain(`${init} has 2 channels, but image files have 1 (grey) or 3 (colour)`);
  });

  test('a sheet of another size than the levels divide is refused with the size of the model', async () => {
    const deep = tinyConfig({ levels: 5, height: 32, width: 32, steps: 1 });
    const init = runAt('deep.safetensors');
    await writeFile(
      init,
      encodeCheckpoint({ config: deep, params: randomParams(createGlow(deep), 1), initialised: true }),
    );
    const data = ['--data', 'models/pixel-faces/faces.json', '--limit', '20'];
    const { stderr } = await glowTrain(...flags('refused'), ...data, '--init', init);
    expect(stderr).toContain(
      `faces has images of 16×16: ${init} has 5 levels, so height and width must be divisible by 32`,
    );
  });
});
