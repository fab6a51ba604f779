import type { Device } from './device.js';

/** A device that is refused: it is not available here, or it computes a model's golden images wrongly. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';

  constructor(
    readonly device: Device,
    /** `unavailable`: not available here. `self-test`: computes the golden images wrongly. */
    readonly code: 'unavailable' | 'self-test',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
