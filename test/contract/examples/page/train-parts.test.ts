import { createBatches } from '../../../../examples/browser/src/train/batches.js';
import { droppedFiles } from '../../../../examples/browser/src/train/dropped-files.js';
import { expectation, heldOutCount, planFor } from '../../../../examples/browser/src/train/plan.js';

const config = { bits: 5, width: 2 };
/** Pictures of 2×1 pixels: the left one has the number of the picture, the right one a mark. */
const numbered = (count: number) =>
  Array.from({ length: count }, (_, n) => Uint8Array.from([8 * n, 0, 0, 248, 248, 248]));
/** The numbers of a batch, from the model's units. */
const numbersOf = ({ x }: { x: Float32Array }, place = 0) =>
  [...x].filter((_, i) => i % 6 === place).map((value) => Math.floor((value + 0.5) * 32));

describe('the batches of a training in the page', () => {
  test('hold every training picture once before any comes again, and never a held-out one', () => {
    const batches = createBatches(numbered(20), { config, batch: 6, mirror: false, seed: 1 });
    expect(batches).toMatchObject({ training: 18, heldOut: 2 });
    const heldOut = numbersOf(batches.validation());
    for (let pass = 0; pass < 3; pass++) {
      const seen = [0, 1, 2].flatMap(() => numbersOf(batches.next()));
      expect([...seen, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
  });

  test('mirror about half of the pictures, and only when asked', () => {
    const mirrored = (mirror: boolean) => {
      const batches = createBatches(numbered(31), { config, batch: 28, mirror, seed: 2 });
      return numbersOf(batches.next(), 0).filter((number) => number === 31).length;
    };
    expect(mirrored(false)).toBe(0);
    expect(mirrored(true)).toBeGreaterThan(5);
    expect(mirrored(true)).toBeLessThan(23);
  });

  test('score the held-out pictures with the same noise every time', () => {
    const batches = createBatches(numbered(20), { config, batch: 6, mirror: true, seed: 1 });
    const first = batches.validation();
    batches.next();
    expect(batches.validation()).toEqual(first);
  });
});

describe('the plan of a training', () => {
  test.each([
    [20, 16, { steps: 2, hiddenChannels: 32 }, 18],
    [240, 16, { steps: 4, hiddenChannels: 48 }, 32],
    [480, 16, { steps: 6, hiddenChannels: 64 }, 32],
    [480, 32, { steps: 4, hiddenChannels: 48 }, 32],
  ] as const)('%i pictures of %i pixels', (pictures, side, size, batch) => {
    const plan = planFor(pictures, side);
    expect(plan).toMatchObject({ batch, config: { ...size, height: side, width: side, levels: 3, bits: 5 } });
  });

  test('holds out a tenth, at least two and at most 64', () => {
    expect([20, 24, 100, 5000].map(heldOutCount)).toEqual([2, 2, 10, 64]);
  });

  test.each([
    [19, /at least 20 pictures: 1 more/],
    [60, /^Expect noise/],
    [240, /^Expect rough shapes/],
    [480, /^Expect clear shapes/],
  ])('of %i pictures says what to expect', (pictures, words) => {
    expect(expectation(pictures, 16)).toMatch(words);
  });
});

describe('a drop', () => {
  const file = (name: string) => ({
    isFile: true,
    name,
    file: (take: (file: File) => void) => take(new File([], name)),
  });
  /** A reader of Chromium gives a hundred entries at a time. */
  const folder = (name: string, children: object[]) => ({
    isDirectory: true,
    name,
    createReader() {
      let at = 0;
      return {
        readEntries(take: (some: object[]) => void) {
          take(children.slice(at, at + 100));
          at += 100;
        },
      };
    },
  });
  const transfer = (entries: object[], files: File[] = []) =>
    ({
      items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })),
      files,
    }) as unknown as DataTransfer;

  test('of files gives them', async () => {
    const [a, b] = [new File([], 'a.png'), new File([], 'b.png')];
    expect(await droppedFiles(transfer([file('a.png'), file('b.png')], [a, b]), 9)).toEqual([a, b]);
  });

  test('of a folder gives the files in it, in hundreds and below, without hidden folders', async () => {
    const many = Array.from({ length: 230 }, (_, i) => file(`${i}.jpg`));
    const inside = folder('photos', [
      ...many,
      folder('.thumbnails', [file('x.jpg')]),
      folder('more', [file('y.jpg')]),
    ]);
    const names = (await droppedFiles(transfer([inside, file('z.png')]), 1000)).map(({ name }) => name);
    expect(names).toHaveLength(232);
    expect(names).toEqual(expect.arrayContaining(['229.jpg', 'y.jpg', 'z.png']));
    expect(await droppedFiles(transfer([inside]), 50)).toHaveLength(50);
  });
});
