import { MemoryError, type RawImage } from '@glow-onnx/runtime';
import { bytesPerPixel, costOf } from '../../../packages/runtime/src/model/cost.js';
import { createMemoryBudget, type Resources } from '../../../packages/runtime/src/model/memory-budget.js';
import { fromPortable, toPortable } from '../../../packages/runtime/src/worker/portable-error.js';
import { createOracle, oracleSessions } from '../../support/oracle.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { modelOf, oracleSeed } from './oracle-model.js';

const config = tinyConfig();
const unit = 2 ** config.levels;
const bytesOf = (size: { height: number; width: number }) => size.height * size.width * bytesPerPixel(config);

const picture = (height: number, width: number): RawImage => ({
  data: new Uint8Array(height * width * config.channels),
  height,
  width,
  channels: config.channels,
});
const asTheyAre = { fit: 'none' } as const;
const small = { height: unit, width: unit };
const large = { height: 4 * unit, width: 4 * unit };

const budget = (resources: Partial<Resources>, maxMemory?: number, device: 'cpu' | 'cuda' = 'cpu') =>
  createMemoryBudget(config, device, () => ({ memory: undefined, cores: 2, ...resources }), maxMemory);

/** Counts the runs of its graphs. */
function countingModel(maxMemory: number, batchSize?: number) {
  const sizes: number[] = [];
  const { encoder, decoder } = oracleSessions(createOracle(config, oracleSeed), config.levels);
  const counted = (graph: typeof encoder): typeof encoder => ({
    ...graph,
    run: (inputs, into) => {
      sizes.push(Object.values(inputs)[0]?.shape[0] as number);
      return graph.run(inputs, into);
    },
  });
  const model = modelOf(config, {
    memory: budget({}, maxMemory),
    ...(batchSize && { batchSize }),
    encoder: counted(encoder),
    decoder: counted(decoder),
  });
  return { model, sizes };
}

describe('a call that needs more memory than there is', () => {
  test('is refused before a graph runs, with the numbers and what to do', async () => {
    const { model, sizes } = countingModel(bytesOf(large) - 1);
    const error = await model.encode(picture(large.height, large.width), asTheyAre).catch((reason) => reason);
    expect(error).toBeInstanceOf(MemoryError);
    expect(error).toMatchObject({ needed: bytesOf(large), available: bytesOf(large) - 1 });
    expect(error.message).toBe(
      `encode: an image of ${large.height}×${large.width} needs about 1 MB and 1 s on cpu, ` +
        'maxMemory is 1 MB; ' +
        `make it smaller: fit: "cover" gives the ${config.height}×${config.width} of training, ` +
        'or load the model with a larger maxMemory',
    );
    expect(sizes).toEqual([]);
  });

  test('names the image; the other images are encoded', async () => {
    const { model } = countingModel(bytesOf(large) - 1);
    const images = [picture(unit, unit), picture(large.height, large.width)];
    const error = await model.encode(images, asTheyAre).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'BatchError', errors: [{ name: 'MemoryError', image: 1 }] });
    expect(error.results[0]).toBeDefined();
  });

  test('counts both graphs where images go through both', async () => {
    const { model } = countingModel(bytesOf(small) * 2 - 1);
    await expect(model.encode(picture(unit, unit), asTheyAre)).resolves.toBeDefined();
    const { model: fresh } = countingModel(bytesOf(small) * 2 - 1);
    await expect(fresh.reconstruct(picture(unit, unit), asTheyAre)).rejects.toThrow(MemoryError);
    await expect(fresh.prepare(picture(unit, unit), asTheyAre)).resolves.toBeDefined();
  });

  test('of samples is refused before their latents are drawn', async () => {
    const { model, sizes } = countingModel(bytesOf(small));
    await expect(model.sample({ height: 2 ** 14, width: 2 ** 14 })).rejects.toThrow(
      /^sample: an image of 16384×16384 needs about .* GB and .*; pass a smaller height and width, or/,
    );
    expect(sizes).toEqual([]);
  });

  test('of latents is refused', async () => {
    const { z } = await modelOf(config).encode(picture(large.height, large.width), asTheyAre);
    const { model } = countingModel(bytesOf(large) - 1);
    await expect(model.decode(z)).rejects.toThrow(MemoryError);
  });
});

test.each([8, undefined])(
  'a batch of size %s has no more images than the memory allows',
  async (batchSize) => {
    const { model, sizes } = countingModel(3 * bytesOf(small), batchSize);
    await model.encode(
      Array.from({ length: 8 }, () => picture(unit, unit)),
      asTheyAre,
    );
    expect(sizes).toEqual([3, 3, 2]);
  },
);

describe('the budget', () => {
  const big = { height: 8192, width: 8192 };

  test('asks the machine, whose free memory changes', () => {
    let memory = 10 * bytesOf(big);
    const now = createMemoryBudget(config, 'cpu', () => ({ memory, cores: 2 }), undefined);
    expect(() => now.check('encode', big, ['encode'], 'wait')).not.toThrow();
    memory = 100;
    expect(() => now.check('encode', big, ['encode'], 'wait')).toThrow(
      /needs about \d+\.\d GB .* 1 MB are free; wait/,
    );
  });

  test('does not count again what an earlier run left to the session', () => {
    const tight = budget({ memory: 100 });
    tight.note('encode', [big]);
    expect(() => tight.check('encode', big, ['encode'], '')).not.toThrow();
    expect(() => tight.check('decode', big, ['decode'], '')).toThrow(MemoryError);
  });

  test('has no limit on a GPU unless maxMemory gives one', () => {
    expect(() => budget({}, undefined, 'cuda').check('encode', big, ['encode'], '')).not.toThrow();
    expect(() => budget({}, 1000, 'cuda').check('encode', big, ['encode'], '')).toThrow(
      /GB on cuda, maxMemory/,
    );
  });
});

test('the cost grows with the pixels, and the time falls with the cores', () => {
  const one = costOf(config, small, 'cpu', 1);
  const more = costOf(config, large, 'cpu', 4);
  expect(more.bytes).toBe(16 * one.bytes);
  expect(more.seconds).toBeCloseTo(4 * (one.seconds as number), 12);
  expect(costOf(config, small, 'webgpu', 1).seconds).toBeUndefined();
});

test('a MemoryError comes out of a worker whole', () => {
  const error = new MemoryError('too much', { needed: 20, available: 10 });
  const back = fromPortable(structuredClone(toPortable(error)));
  expect(back).toBeInstanceOf(MemoryError);
  expect(back).toMatchObject({ needed: 20, available: 10, message: 'too much' });
});
