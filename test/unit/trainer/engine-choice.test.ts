import { PassThrough } from 'node:stream';
import { createGlow, initialParams } from '@glow-onnx/flow';
import { DeviceError, type SessionOptions } from '@glow-onnx/runtime/session';
import {
  type EngineOptions,
  openDifferentiator,
} from '../../../packages/trainer/src/assembly/open-differentiator.js';
import { createDisplay } from '../../../packages/trainer/src/cli/progress-display.js';
import type { OpenedDevice } from '../../../packages/trainer/src/engine/opened-device.js';
import { tinyConfig } from '../../support/tiny-config.js';

let mockInstalled = true;
const missing =
  'onnxruntime-node is not installed; install it with: npm install onnxruntime-node --ignore-scripts';

jest.mock('@glow-onnx/runtime/session', () => {
  const actual = jest.requireActual('@glow-onnx/runtime/session');
  return {
    ...actual,
    async openSession(options: SessionOptions) {
      if (!mockInstalled) throw new actual.DeviceError('cpu', 'unavailable', missing);
      return actual.openSession(options);
    },
  };
});

const glow = createGlow(tinyConfig());
const { fixed } = initialParams(glow, 1);

/** What is told of the choice. */
async function chosen(options: EngineOptions): Promise<OpenedDevice> {
  const told: OpenedDevice[] = [];
  const settings = { batch: 2, accumulate: 1 };
  const opened = await openDifferentiator(glow, fixed, settings, {
    ...options,
    onDevice: (device) => told.push(device),
  });
  await opened.dispose();
  expect(told).toHaveLength(1);
  return told[0] as OpenedDevice;
}

/** The lines in which glow-train tells it. */
function lines(opened: OpenedDevice): string[] {
  const stderr = new PassThrough();
  createDisplay({ stdout: stderr, stderr }).device(opened);
  return String(stderr.read() ?? '')
    .split('\n')
    .slice(0, -1);
}

afterEach(() => {
  mockInstalled = true;
});

test('without a wish it is ONNX Runtime where that is installed, and says so', async () => {
  const opened = await chosen({});
  expect(opened).toMatchObject({
    device: 'cpu',
    engine: expect.stringMatching(/^ONNX Runtime, .* installed/),
  });
  expect(lines(opened).slice(0, 2)).toEqual([
    'engine: ONNX Runtime, which is installed and the fastest on a processor',
    'device: cpu, the fastest that works here. These may be faster:',
  ]);
  expect(lines(opened).at(-1)).toContain('pass --device webgpu to use it'); // as typed, not as programmed
});

test('for a device that both have it is TensorFlow.js, and says what to pass for the other', async () => {
  expect(lines(await chosen({ device: 'wasm' }))).toEqual([
    'engine: TensorFlow.js on wasm; for the wasm of ONNX Runtime pass --engine onnxruntime',
  ]);
});

test('where ONNX Runtime is missing it is TensorFlow.js, and says how to get the other', async () => {
  mockInstalled = false;
  const said = lines(await chosen({}));
  expect(said[0]).toBe('engine: TensorFlow.js, because ONNX Runtime is not available');
  expect(said[2]).toBe(`  ONNX Runtime for any processor, several times as fast: ${missing}`);
});

test('a wish is granted without a word, or refused', async () => {
  expect(lines(await chosen({ engine: 'tfjs', device: 'wasm' }))).toEqual([]);
  expect(lines(await chosen({ engine: 'onnxruntime', device: 'cpu' }))).toEqual([]);
  mockInstalled = false;
  await expect(chosen({ engine: 'onnxruntime' })).rejects.toThrow(DeviceError);
});
