import { aBoolean, anything, aText, checkOptions, type Rules } from '@glow-onnx/flow/manifest';
import type { Platform } from '../platform.js';
import { createSession, type GraphSource, type Session } from './create-session.js';
import type { DeviceChoice } from './device.js';
import { onFirstDevice, type SkippedDevice } from './devices.js';
import { type RuntimeOptions, runtimeRules } from './onnx-runtime.js';
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

const rules: Rules<SessionOptions> = {
  ...{ model: anything, externalData: anything, folder: aText, memoryPattern: aBoolean },
  ...{ device: anything, kept: anything },
  ...runtimeRules,
};

/** Chooses a device of the platform and opens an ONNX Runtime session on it. */
export function createOpenSession(platform: Platform) {
  return async (options: SessionOptions): Promise<OpenSession> => {
    checkOptions('openSession', options ?? null, rules);
    const { device = 'auto', kept = [], ...source } = options;
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
