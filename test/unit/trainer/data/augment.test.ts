import { createRandom } from '@glow-onnx/flow';
import { drawSources } from '../../../../packages/trainer/src/data/augment.js';
import { createBatches } from '../../../../packages/trainer/src/run/batches.js';
import { defaultSettings } from '../../../../packages/trainer/src/settings/settings.js';
import { ramps, rampsConfig, tinySettings } from '../../../support/training.js';

const extent = { height: 2, width: 3, channels: 1 } as const;
const image = [1, 2, 3, 4, 5, 6];
const still = { flip: false, shift: 0 };

/** What many draws make of the image, each once, as text. */
function outcomes(augmentation: { flip: boolean; shift: number }): string[] {
  const seen = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const sources = drawSources(augmentation, extent, createRandom(1, i));
    seen.add(Array.from(sources ?? image.keys(), (from) => image[from]).join(' '));
  }
  return [...seen].sort();
}

test('without augmentation an image stays and nothing is drawn', () => {
  const random = createRandom(1);
  expect(drawSources(still, extent, random)).toBeUndefined();
  expect(random.uint32()).toBe(createRandom(1).uint32());
});

test('a flip mirrors left and right, about half of the time', () => {
  expect(outcomes({ flip: true, shift: 0 })).toEqual(['1 2 3 4 5 6', '3 2 1 6 5 4']);
  const flips = Array.from({ length: 1000 }, (_, i) =>
    drawSources({ flip: true, shift: 0 }, extent, createRandom(2, i)),
  );
  const mirrored = flips.filter((sources) => sources?.[0] === 2).length;
  expect(Math.abs(mirrored - 500)).toBeLessThan(64); // four standard deviations
});

test('a shift by one moves each way and repeats the border', () => {
  expect(outcomes({ flip: false, shift: 1 })).toEqual([
    '1 1 2 1 1 2', // down and right
    '1 1 2 4 4 5',
    '1 2 3 1 2 3',
    '1 2 3 4 5 6',
    '2 3 3 2 3 3',
    '2 3 3 5 6 6',
    '4 4 5 4 4 5',
    '4 5 6 4 5 6',
    '5 6 6 5 6 6',
  ]);
});

test('channels of a pixel stay together', () => {
  const colour = { height: 1, width: 2, channels: 3 };
  const all = Array.from({ length: 20 }, (_, i) =>
    drawSources({ flip: true, shift: 0 }, colour, createRandom(1, i))?.join(),
  );
  expect(new Set(all)).toEqual(new Set(['0,1,2,3,4,5', '3,4,5,0,1,2']));
});

describe('in training', () => {
  const batchesWith = (changes: object) =>
    createBatches(ramps(), rampsConfig, { ...defaultSettings, ...tinySettings, ...changes });

  test('an image varies from epoch to epoch, and not with the batch it is in', async () => {
    const batches = batchesWith({ flip: true, shift: 2 });
    const together = await batches.training(Uint32Array.of(4, 7, 4), 100);
    const alone = await batches.training(Uint32Array.of(7), 101);
    expect(together.x.subarray(64, 128)).toEqual(alone.x);
    expect(together.x.subarray(0, 64)).not.toEqual(together.x.subarray(128));
  });

  test('what validates is never augmented', async () => {
    const validate = async (changes: object) => {
      const found = [];
      for await (const batch of batchesWith(changes).validation()) found.push(batch);
      return found;
    };
    expect(await validate({ flip: true, shift: 3 })).toEqual(await validate({}));
  });
});
