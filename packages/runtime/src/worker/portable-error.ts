import { BatchError } from '../model/batch-error.js';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';

/** An error as messages can carry it: cloning one would lose its class and fields. */
export interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: PortableError | undefined;
  /** Of a DeviceError. */
  readonly device?: Device;
  readonly code?: DeviceError['code'];
  /** Of a BatchError, and of the errors in it. */
  readonly image?: number;
  readonly errors?: readonly PortableError[];
  readonly results?: readonly unknown[];
}

export function toPortable(thrown: unknown): PortableError {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) {
    return { name: 'Error', message: String(thrown) };
  }
  const error = thrown as Error & { image?: number };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: toPortable(error.cause) }),
    ...(error.image !== undefined && { image: error.image }),
    ...(error instanceof DeviceError && { device: error.device, code: error.code }),
    ...(error instanceof BatchError && {
      errors: error.errors.map(toPortable),
      results: error.results,
    }),
  };
}

const builtIn = { TypeError, RangeError, SyntaxError } as const;

/** The error again, of its own class, with the stack of where it was thrown. */
export function fromPortable(portable: PortableError): Error {
  const error = create(portable);
  const { stack, image } = portable;
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack, configurable: true });
  return image === undefined ? error : Object.assign(error, { image });
}

function create({ name, message, cause, ...fields }: PortableError): Error {
  const options = cause && { cause: fromPortable(cause) };
  const { device, code, errors, results } = fields;
  if (device && code) return new DeviceError(device, code, message, options);
  if (errors && results) {
    return new BatchError(
      message,
      new Map(errors.map((each) => [each.image as number, fromPortable(each)])),
      results,
    );
  }
  if (/^(Abort|Timeout|QuotaExceeded|Network|Security|Encoding|InvalidState|NotFound)Error$/.test(name)) {
    return new DOMException(message, name);
  }
  return new (builtIn[name as keyof typeof builtIn] ?? Error)(message, options);
}
