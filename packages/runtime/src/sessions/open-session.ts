import type { Platform } from '../platform.js';
import { createSession, type GraphSource, type Session } from './create-session.js';
import type { DeviceChoice } from './device.js';
import { onFirstDevice, type SkippedDevice } from './devices.js';
import type { RuntimeOptions } from './onnx-runtime.js';
import { requireDevice } from './probe.js';

/** Options of `openSession`. */
export interface SessionOptions extends GraphSource, RuntimeOptions {
  /** Default `auto`. */
  readonly device?: DeviceChoice;
  /** Outputs to leave in the memory of the GPU, for `runKept` and `runInto`, if the device is webgpu. */
  readonly kept?: readonly string[];
}

/** A session, and the devices that were tried before it. */
export interface OpenSession extends Session {
  /** Devices that were passed over, and why. */
  readonly skipped: readonly SkippedDevice[];
}

/** Chooses a device of the platform and opens an ONNX Runtime session on it. */
export function createOpenSession(platform: Platform) {
  return async ({ device = 'auto', kept = [], ...source }: SessionOptions): Promise<OpenSession> => {
    const { opened, skipped } = await onFirstDevice(platform, device, async (chosen) =>
      createSession(
        await requireDevice(platform, chosen, source),
        chosen,
        source,
        chosen === 'webgpu' ? kept : [],
      ),
    );
    return { ...opened, skipped };
  };
}
