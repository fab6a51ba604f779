import { platform } from '#platform';
import { createOpenSession } from './sessions/open-session.js';

export type { GraphSource, KeptOutputs, Session } from './sessions/create-session.js';
export type { Device, DeviceChoice } from './sessions/device.js';
export { DeviceError } from './sessions/device-error.js';
export type { SkippedDevice } from './sessions/devices.js';
export {
  type Golden,
  goldenPrefix,
  holds,
  type Measurement,
  measureGolden,
  parseGolden,
} from './sessions/golden.js';
export type { RuntimeOptions } from './sessions/onnx-runtime.js';
export type { OpenSession, SessionOptions } from './sessions/open-session.js';
export type { DeviceTensor, FloatTensor } from './sessions/tensor.js';

/**
 * Chooses a device and opens an ONNX Runtime session on it.
 * @throws DeviceError if no requested device is available; Error if the graph cannot be opened.
 * @example
 * const session = await openSession({ model: 'encode.onnx', device: 'cpu' });
 * const { z0 } = await session.run({ x: { shape: [1, 3, 32, 32], data } });
 * await session.release();
 */
export const openSession = /* @__PURE__ */ createOpenSession(platform);
