import { messageOf } from '../message-of.js';
import type { Platform } from '../platform.js';
import { type Device, type DeviceChoice, devices } from './device.js';
import { DeviceError } from './device-error.js';

/** A device that was passed over, and why. */
export interface SkippedDevice {
  readonly device: Device;
  readonly reason: string;
}

/** @throws RangeError unless `choice` is a device, a list of devices or `auto`. */
export function checkDeviceChoice(choice: DeviceChoice): void {
  const chosen: readonly unknown[] = Array.isArray(choice) ? choice : [choice];
  const unknown = chosen.find((device) => !devices.includes(device as Device) && device !== 'auto');
  const nested = Array.isArray(choice) && chosen.includes('auto');
  if (chosen.length > 0 && unknown === undefined && !nested) return;
  const got = chosen.length === 0 ? 'an empty list' : JSON.stringify(nested ? choice : unknown);
  throw new RangeError(
    `device: expected "auto", "${devices.join('", "')}" or a list of devices to try, got ${got}`,
  );
}

/**
 * Opens something on the first device of a choice that can run it. A device is passed over if it is not available, if
 * `auto` has an objection to it, or if opening fails on it. If opening fails on the cpu or wasm with another error than
 * a DeviceError, the thing itself is wrong, and the search ends.
 * @throws RangeError if the choice is not valid; DeviceError if no device can run it; else the error of `open`.
 */
export async function onFirstDevice<T>(
  platform: Platform,
  choice: DeviceChoice,
  open: (device: Device) => Promise<T>,
): Promise<{ opened: T; skipped: SkippedDevice[] }> {
  checkDeviceChoice(choice);
  const devices = choice === 'auto' ? platform.autoDevices : typeof choice === 'string' ? [choice] : choice;
  const skipped: SkippedDevice[] = [];
  let lastError: unknown;
  for (const device of devices) {
    const objection = choice === 'auto' ? await platform.objectionTo(device) : undefined;
    if (objection !== undefined) {
      skipped.push({ device, reason: objection });
      continue;
    }
    try {
      return { opened: await open(device), skipped };
    } catch (error) {
      const ofDevice = error instanceof DeviceError;
      if (devices.length === 1 || (!ofDevice && (device === 'cpu' || device === 'wasm'))) throw error;
      lastError = error;
      skipped.push({ device, reason: messageOf(error) });
    }
  }
  throw refusal(skipped, lastError);
}

function refusal(skipped: readonly SkippedDevice[], lastError: unknown): Error {
  const reasons = skipped.map(({ device, reason }) => `${device}: ${reason}`).join('; ');
  const message = `no device can run this model (${reasons})`;
  if (!(lastError instanceof DeviceError)) return new Error(message, { cause: lastError });
  return new DeviceError(lastError.device, lastError.code, message, { cause: lastError });
}
