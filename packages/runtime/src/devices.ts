import type { Platform } from './platform.js';
import type { Device, DeviceChoice } from './session.js';

/** A device that was passed over, and why. */
export interface SkippedDevice {
  readonly device: Device;
  readonly reason: string;
}

/** The devices to try for a choice, in order. */
export function devicesOf(platform: Platform, choice: DeviceChoice): readonly Device[] {
  if (choice === 'auto') return platform.autoDevices;
  return typeof choice === 'string' ? [choice] : choice;
}

/**
 * Opens something on the first of these devices that takes it.
 * @throws Error of the only device if there is one, else an error that tells what each of them said.
 */
export async function onFirstDevice<T>(
  devices: readonly Device[],
  open: (device: Device) => Promise<T>,
): Promise<{ opened: T; skipped: SkippedDevice[] }> {
  const skipped: SkippedDevice[] = [];
  for (const device of devices) {
    try {
      return { opened: await open(device), skipped };
    } catch (error) {
      if (devices.length === 1) throw error;
      skipped.push({ device, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const reasons = skipped.map(({ device, reason }) => `${device}: ${reason}`);
  throw new Error(`session: no device works here (${reasons.join('; ')})`);
}
