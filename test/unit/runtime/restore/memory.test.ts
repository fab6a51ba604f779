import { loadGlow, MemoryError, type RawImage } from '@glow-onnx/runtime/node';
import { bytesPerPixel } from '../../../../packages/runtime/src/model/cost.js';
import { type ModelFixture, writeModelFixture } from '../../../support/model-fixture.js';
import { tinyConfig } from '../../../support/tiny-config.js';

const config = tinyConfig();
const side = config.height;
const bytes = side * side * bytesPerPixel(config);
const noisy: RawImage = {
  data: Uint8Array.from({ length: config.channels * side * side }, (_, i) => (i * 7) % 256),
  ...{ height: side, width: side, channels: config.channels },
};

let fixture: ModelFixture;
beforeAll(async () => {
  fixture = await writeModelFixture(config, 3);
}, 60_000);
afterAll(() => fixture.remove());

test.each([
  ['the image, before it is worked on', 0.9, []],
  ['the gradients, after the start is shown', 1.1, [0]],
])('a search is refused that has too little memory for %s', async (_, share, expected) => {
  await using glow = await loadGlow(fixture.directory, {
    device: 'cpu',
    maxMemory: Math.round(share * bytes),
  });
  const told: number[] = [];
  const call = glow.denoise(noisy, { sigma: 0.1, onStep: ({ step }) => told.push(step) });
  await expect(call).rejects.toThrow(MemoryError);
  expect(told).toEqual(expected);
});
