import { platform } from '#platform';
import type { RuntimeOptions } from './platform.js';
import { createSession, type GraphSource, type Session } from './sessions/create-session.js';
import { onFirstDevice, type SkippedDevice } from './sessions/devices.js';
import { requireDevice } from './sessions/probe.js';

export type { RuntimeOptions } from './platform.js';
export type { DeviceTensor, FloatTensor, KeptOutputs } from './sessions/create-session.js';
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

/** Where a graph runs. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'wasm';
/** One device, `auto` for the best there is, or several to try in order. */
export type DeviceChoice = Device | 'auto' | readonly Device[];

export interface SessionOptions extends GraphSource, RuntimeOptions {
  readonly device?: DeviceChoice;
  /** Outputs to leave in the GPU's memory, for `runKept`, if the device is webgpu. */
  readonly kept?: readonly string[];
}

export interface OpenSession extends Session {
  /** Devices that were passed over, and why. */
  readonly skipped: readonly SkippedDevice[];
}

/**
 * Chooses a device and opens an ONNX Runtime session on it; with `openGraphs`, the only way this project does.
 * @throws DeviceError if no device asked for is available; Error if the graph cannot be opened.
 */
export async function openSession({
  device = 'auto',
  kept = [],
  ...source
}: SessionOptions): Promise<OpenSession> {
  const { opened, skipped } = await onFirstDevice(platform, device, async (chosen) =>
    createSession(
      await requireDevice(platform, chosen, source),
      chosen,
      source,
      chosen === 'webgpu' ? kept : [],
    ),
  );
  return { ...opened, skipped };
}
