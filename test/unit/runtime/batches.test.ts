import type { BatchError, CallOptions } from '@glow-onnx/runtime';
import { defaultBatchSize, groupBySize } from '../../../packages/runtime/src/model/batches.js';
import { type Call, placesOf, startCall } from '../../../packages/runtime/src/model/call.js';
import { collect } from '../../../packages/runtime/src/model/collect.js';
import { gatherDraws } from '../../../packages/runtime/src/model/draws.js';
import {
  type Batch,
  type Failed,
  failedAt,
  type Item,
  isFailed,
  mapItems,
} from '../../../packages/runtime/src/model/item.js';
import { decodeBatches } from '../../../packages/runtime/src/model/run-batches.js';
import { bareManifest, boundlessMemory } from '../../support/oracle.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig();
const manifest = bareManifest(config);
const memory = boundlessMemory(config);
const nameOf = (image: number) => `letters[${image}]`;

interface Letter extends Item {
  readonly letter: string;
}
const runs: string[] = [];
beforeEach(() => {
  runs.length = 0;
});

const start = (letters: readonly unknown[], options: CallOptions = {}) =>
  startCall(
    manifest,
    'call',
    letters.map(() => 0),
    options,
    nameOf,
  );

/** Each image as one letter; those of one letter have one size. */
async function* lettersOf(call: Call, letters: readonly string[]): AsyncGenerator<Letter | Failed> {
  for (const place of placesOf(call)) {
    const letter = letters[place.image] as string;
    yield { ...place, letter, height: letter.charCodeAt(0), width: 1 };
  }
}
/** Each image as several letters of one size. */
async function* drawsOf(call: Call, letters: readonly string[]): AsyncGenerator<Letter | Failed> {
  for (const place of placesOf(call)) {
    for (const letter of letters) yield { ...place, letter: `${letter}${place.image}`, height: 1, width: 1 };
  }
}
const inTwos = (call: Call, items: AsyncIterable<Letter | Failed>) =>
  groupBySize({ manifest, batchSize: 2, memory }, call, items);

/** Notes which letters run together. */
async function* noted(batches: AsyncIterable<Batch<Letter>>): AsyncGenerator<Batch<Letter>> {
  for await (const batch of batches) {
    runs.push(batch.map((item) => (isFailed(item) ? '!' : item.letter)).join(''));
    yield batch;
  }
}
const valuesOf = (batches: AsyncIterable<Batch<Letter>>) =>
  mapItems(batches, ({ image, letter }) => ({ image, value: letter.toUpperCase() }));

describe('the stages of a call', () => {
  test('run equal sizes together and answer in the order of the call', async () => {
    const letters = ['a', 'b', 'a', 'a', 'b'];
    const call = start(letters);
    const values = valuesOf(noted(inTwos(call, lettersOf(call, letters))));
    expect(await collect(call, values, ({ value }) => value)).toEqual(['A', 'B', 'A', 'A', 'B']);
    expect(runs).toEqual(['aa', 'bb', 'a']);
  });

  test('run apart what differs in height alone or in width alone', async () => {
    const sizes = [
      [1, 2],
      [2, 2],
      [2, 1],
      [1, 2],
    ] as const;
    const call = start(sizes);
    async function* items(): AsyncGenerator<Letter | Failed> {
      for (const place of placesOf(call)) {
        const [height, width] = sizes[place.image] as readonly [number, number];
        yield { ...place, letter: String(place.image), height, width };
      }
    }
    await collect(call, noted(inTwos(call, items())), ({ image }) => image);
    expect(runs).toEqual(['03', '1', '2']);
  });

  test('run apart what differs in kind', async () => {
    const letters = ['a', 'b', 'a', 'b', 'a'];
    const call = start(letters);
    async function* items(): AsyncGenerator<Letter | Failed> {
      for (const place of placesOf(call)) {
        yield { ...place, letter: letters[place.image] as string, height: 1, width: 1 };
      }
    }
    const kindOf = (item: Letter | Failed) => ('letter' in item ? item.letter : '');
    const batches = groupBySize({ manifest, batchSize: 2, memory }, call, items(), kindOf);
    await collect(call, noted(batches), ({ image }) => image);
    expect(runs).toEqual(['aa', 'bb', 'a']);
  });

  test('count an image once if several of its draws fail, and give its first error', async () => {
    const done: number[] = [];
    const call = start(['x', 'y'], { onProgress: (progress) => done.push(progress.done) });
    async function* items(): AsyncGenerator<Letter | Failed> {
      for await (const item of drawsOf(call, ['a', 'b'])) {
        const { image, where, letter } = item as Letter;
        yield image === 1 ? item : failedAt({ image, where, label: undefined }, new Error(letter));
      }
    }
    const drawn = gatherDraws(valuesOf(inTwos(call, items())), 2);
    const error = await collect(call, drawn, ({ values }) => values).catch((cause: BatchError) => cause);
    expect((error as BatchError).errors.map(String)).toEqual(['Error: a0']);
    expect(done.at(-1)).toBe(2);
  });

  test('give each image its draws in their order, batches across images', async () => {
    const call = start(['x', 'y', 'z']);
    const values = valuesOf(noted(inTwos(call, drawsOf(call, ['a', 'b', 'c']))));
    const drawn = gatherDraws(values, 3);
    expect(await collect(call, drawn, (image) => image.values.join(''))).toEqual([
      'A0B0C0',
      'A1B1C1',
      'A2B2C2',
    ]);
    expect(runs).toEqual(['a0b0', 'c0a1', 'b1c1', 'a2b2', 'c2']);
  });

  test('hold no more than what waits for a batch', async () => {
    let ahead = 0;
    const letters = new Array<string>(10).fill('a');
    const call = start(letters);
    async function* counted() {
      for await (const item of lettersOf(call, letters)) {
        ahead++;
        yield item;
      }
    }
    async function* consumed(batches: AsyncIterable<Batch<Letter>>): AsyncGenerator<Batch<Letter>> {
      for await (const batch of batches) {
        expect(ahead).toBeLessThanOrEqual(2);
        ahead -= batch.length;
        yield batch;
      }
    }
    await collect(call, consumed(inTwos(call, counted())), () => undefined);
    expect(ahead).toBe(0);
  });

  test('give an empty list for an empty list', async () => {
    const call = start([]);
    expect(await collect(call, inTwos(call, lettersOf(call, [])), () => undefined)).toEqual([]);
  });

  test('throw the own error of the only image, whether loading or a later stage fails', async () => {
    const error = new RangeError('call: too odd');
    const call = start(['a']);
    async function* failing() {
      for (const place of placesOf(call)) yield failedAt(place, error);
    }
    await expect(collect(call, inTwos(call, failing()), () => undefined)).rejects.toBe(error);
    const late = mapItems(inTwos(call, lettersOf(call, ['a'])), (item) => failedAt(item, error));
    await expect(collect(call, late, () => undefined)).rejects.toBe(error);
  });

  test('an image of which one draw fails has failed, whatever the other draws give', async () => {
    const seen: number[] = [];
    const call = start(['x', 'y'], { onProgress: ({ done }) => seen.push(done) });
    const values = mapItems(inTwos(call, drawsOf(call, ['a', 'b', 'c'])), (item) =>
      item.letter === 'b0'
        ? failedAt(item, new Error('call: letters[0]: odd'))
        : { image: item.image, value: item.letter },
    );
    const result = collect(call, gatherDraws(values, 3), (image) => image.values.join(''));
    await expect(result).rejects.toMatchObject({
      message: 'call: 1 of 2 images failed: letters[0]: odd',
      results: [undefined, 'a1b1c1'],
    });
    expect(seen).toEqual([1, 1, 2]);
  });

  const decoderThatFails = (cause: Error) => ({
    manifest,
    memory,
    graphs: {
      decoder: async () => {
        throw cause;
      },
    },
  });
  async function* latentsOf(call: Call) {
    for (const place of placesOf(call)) yield { ...place, latents: { levels: [] }, height: 2, width: 2 };
  }

  test('a run that fails as a whole keeps its cause', async () => {
    const cause = new Error('device lost');
    const call = start(['a']);
    const parts = decoderThatFails(cause) as never;
    const batches = groupBySize({ manifest, batchSize: 2, memory }, call, latentsOf(call));
    await expect(collect(call, decodeBatches(parts, call, batches), () => 0)).rejects.toMatchObject({
      message: 'call: device lost',
      cause,
    });
  });

  test('a run that fails as a whole fails every image of its batch, also one that failed before', async () => {
    const call = start(['a', 'b', 'c']);
    const parts = decoderThatFails(new Error('device lost')) as never;
    const batches = groupBySize({ manifest, batchSize: 2, memory }, call, latentsOf(call));
    const some = mapItems(batches, (item) =>
      item.image === 1 ? item : failedAt(item, new Error(`${item.where}: odd`)),
    );
    const error: BatchError = await collect(call, decodeBatches(parts, call, some), () => 0).then(
      () => undefined as never,
      (reason) => reason,
    );
    expect(error.errors.map(({ message }) => message)).toEqual([
      'call: letters[0]: device lost',
      'call: letters[1]: device lost',
      'call: letters[2]: odd',
    ]);
  });
});

test('the default batch shrinks with size and width, and is never zero', () => {
  const size = (side: number, hiddenChannels: number) =>
    defaultBatchSize({ channels: 3, hiddenChannels }, side, side);
  expect(size(16, 96)).toBe(64);
  expect(size(32, 512)).toBe(59);
  expect(size(128, 512)).toBe(3);
  expect(size(4096, 512)).toBe(1);
});
