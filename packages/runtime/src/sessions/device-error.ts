import type { Device } from './device.js';

/** A device that is refused: it cannot be had here, or it computes a model's numbers wrongly. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';

  constructor(
    readonly device: Device,
    readonly code: 'unavailable' | 'self-test',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
