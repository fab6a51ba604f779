import { createSession, type Session } from './create-session.js';
import { onFirstDevice, type SkippedDevice } from './devices.js';
import type { ModelGraphs } from './model-folder.js';
import type { Platform } from './platform.js';
import type { Device, DeviceChoice } from './session.js';

/** A model's two graphs on the device that was chosen. Each session opens when first asked for, once. */
export interface OpenGraphs {
  readonly device: Device;
  readonly skipped: readonly SkippedDevice[];
  encoder(): Promise<Pick<Session, 'run'>>;
  decoder(): Promise<Pick<Session, 'run'>>;
  /** Frees what was opened, once runs under way have ended. */
  release(): Promise<void>;
}

/** @throws Error if no device asked for takes the graphs. */
export async function openGraphs(
  platform: Platform,
  graphs: ModelGraphs,
  choice: DeviceChoice,
): Promise<OpenGraphs> {
  const { opened, skipped } = await onFirstDevice(platform, choice, async (device) => {
    const encoder = await createSession(platform, device, graphs.encode);
    return { device, encoder };
  });
  const { device, encoder } = opened;
  let decoder: Promise<Session> | undefined;
  return {
    device,
    skipped,
    encoder: async () => encoder,
    decoder() {
      decoder ??= createSession(platform, device, graphs.decode);
      return decoder;
    },
    async release() {
      await Promise.all([encoder.release(), decoder?.then((session) => session.release())]);
    },
  };
}
