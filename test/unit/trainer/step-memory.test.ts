import { createConfig, createGlow, initialParams } from '@glow-onnx/flow';
import { MemoryError } from '@glow-onnx/runtime';
import { openDifferentiator } from '../../../packages/trainer/src/assembly/open-differentiator.js';
import { parameterLayout } from '../../../packages/trainer/src/engine/parameters.js';
import { checkStepMemory, memoryFor, stepBytes } from '../../../packages/trainer/src/onnxruntime/memory.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = createConfig({
  channels: 3,
  height: 32,
  width: 32,
  levels: 3,
  steps: 16,
  hiddenChannels: 128,
});
const glow = createGlow(config);

test('activations are kept while they take less than half of the free memory', () => {
  // Measured at this size: 0.6 GB.
  expect(memoryFor(glow, 64, 2e9)).toBe('full');
  expect(memoryFor(glow, 64, 1e9)).toBe('reversible');
});

test('a dequantiser adds its activations, which no mode recomputes', () => {
  const varied = createGlow(config, 'variational');
  const more = (['full', 'reversible'] as const).map(
    (memory) => stepBytes(varied, 64, memory) - stepBytes(glow, 64, memory),
  );
  expect(more[0]).toBeGreaterThan(0);
  expect(more[1]).toBe(more[0]);
});

/** Bytes of a gradient as measured, beside those before it: MB, by preset `tutorial` with 3 channels. */
const measured = [
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 64 }, 64, 'full', 229],
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 64 }, 128, 'full', 451],
  [{ height: 32, width: 32, levels: 3, steps: 16, hiddenChannels: 64 }, 32, 'full', 219],
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 256 }, 32, 'full', 272],
  [{ height: 64, width: 64, levels: 3, steps: 8, hiddenChannels: 64 }, 16, 'full', 230],
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 16 }, 128, 'full', 335],
  [{ height: 32, width: 32, levels: 1, steps: 8, hiddenChannels: 64 }, 64, 'full', 166],
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 64 }, 128, 'reversible', 248],
  [{ height: 32, width: 32, levels: 3, steps: 16, hiddenChannels: 64 }, 128, 'reversible', 276],
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 256 }, 32, 'reversible', 107],
  [{ height: 32, width: 32, levels: 3, steps: 8, hiddenChannels: 16 }, 128, 'reversible', 187],
] as const;

test.each(measured)(
  'the estimate for %j with %i images, %s, is near the %i MB measured',
  (shape, count, memory, megabytes) => {
    const glow = createGlow(createConfig({ channels: 3, ...shape }));
    // Without images it is the parameters' share: optimiser and checkpoint, which a gradient alone does not need.
    const bytes = stepBytes(glow, count, memory) - stepBytes(glow, 0, memory);
    const ratio = bytes / 1e6 / megabytes;
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.35);
  },
);

test('the lists of places for 3×3 convolutions count, however few the images are', () => {
  const [small, large] = [32, 256].map((side) => {
    const own = createGlow(createConfig({ channels: 3, height: side, width: side, levels: 3, steps: 1 }));
    return stepBytes(own, 0, 'full');
  }) as [number, number];
  // 27 places for each channel and pixel of a level, 8 bytes, twice; the parameters are the same.
  const places = 27 * (12 * 128 ** 2 + 24 * 64 ** 2 + 48 * 32 ** 2);
  expect(large - small).toBe(2 * 8 * places * (1 - 1 / 64));
});

test('Muon takes four more copies of the parameters', () => {
  const parameters = parameterLayout(glow).size;
  const more = stepBytes(glow, 4, 'full', 'muon') - stepBytes(glow, 4, 'full');
  expect(more).toBe(4 * Float32Array.BYTES_PER_ELEMENT * parameters);
  const settings = { batch: 4, accumulate: 1 };
  const between = stepBytes(glow, 4, 'full') + more / 2;
  expect(() => checkStepMemory(glow, settings, 'full', between)).not.toThrow();
  expect(() => checkStepMemory(glow, { ...settings, optimizer: 'muon' }, 'full', between)).toThrow(
    MemoryError,
  );
});

describe('a step that does not fit', () => {
  const refusal = (
    settings: { batch: number; accumulate: number },
    memory: 'full' | 'reversible',
    bytes: number,
  ) => {
    try {
      checkStepMemory(glow, settings, memory, bytes);
    } catch (error) {
      return error as MemoryError;
    }
    return undefined;
  };

  test('is refused with the parts of a batch that fit', () => {
    const settings = { batch: 64, accumulate: 1 };
    const bytes = stepBytes(glow, 32, 'full') + 1;
    const error = refusal(settings, 'full', bytes);
    expect(error).toBeInstanceOf(MemoryError);
    expect(error).toMatchObject({ needed: stepBytes(glow, 64, 'full'), available: bytes });
    expect(error?.message).toMatch(
      /^training: a step of 64 images of 32×32 needs about \d+ MB, but it may take \d+ MB; pass --accumulate 2 \(32 images at once\), or --memory reversible/,
    );
    expect(refusal({ ...settings, accumulate: 2 }, 'full', bytes)).toBeUndefined();
    expect(refusal(settings, 'reversible', bytes)).toBeUndefined();
  });

  test('is refused with a smaller model where not one image fits', () => {
    const error = refusal({ batch: 64, accumulate: 64 }, 'reversible', 1000);
    expect(error?.message).toMatch(/not even one image fits: make the model \(--hidden\)/);
  });

  test('is refused before a graph is opened', async () => {
    const glow = createGlow(tinyConfig());
    const { fixed } = initialParams(glow, 1);
    const opening = openDifferentiator(glow, fixed, { batch: 8, accumulate: 1 }, { maxMemory: 1000 });
    await expect(opening).rejects.toThrow(MemoryError);
  });
});
