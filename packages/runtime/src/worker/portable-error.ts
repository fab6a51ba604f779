import { UnreachableError } from '../folder/model-store.js';
import { BatchError } from '../model/batch-error.js';
import { MemoryError } from '../model/memory-error.js';
import { BrokenImageError } from '../pictures/broken-image.js';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';

/** An error as plain data for a message. A cloned Error object would lose its class and its fields. */
export interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: PortableError | undefined;
  /** Such as `ENOENT`, or the code of a DeviceError. */
  readonly code?: string;
  /** Of a DeviceError. */
  readonly device?: Device;
  /** Of a MemoryError. */
  readonly needed?: number;
  readonly available?: number;
  /** `image` of an error in a BatchError; `errors` and `results` of a BatchError. */
  readonly image?: number;
  readonly errors?: readonly PortableError[];
  readonly results?: readonly unknown[];
}

/** Converts a thrown value to plain data. */
export function toPortable(thrown: unknown): PortableError {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) {
    return { name: 'Error', message: String(thrown) };
  }
  const error = thrown as Error & { image?: number; code?: unknown };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: toPortable(error.cause) }),
    ...(error.image !== undefined && { image: error.image }),
    ...(typeof error.code === 'string' && { code: error.code }),
    ...(error instanceof DeviceError && { device: error.device }),
    ...(error instanceof MemoryError && { needed: error.needed, available: error.available }),
    ...(error instanceof BatchError && {
      errors: error.errors.map(toPortable),
      results: error.results,
    }),
  };
}

/** The classes that a message alone makes. */
const plain = { TypeError, RangeError, SyntaxError, UnreachableError, BrokenImageError } as const;

/** Restores the error with its class, its fields and the stack of the place where it was thrown. */
export function fromPortable(portable: PortableError): Error {
  const error = create(portable);
  const { name, stack, image, code } = portable;
  const define = (key: string, value: unknown) =>
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  if (stack !== undefined) define('stack', stack);
  if (error.name !== name) define('name', name); // of a class that is not known here
  return Object.assign(error, image !== undefined && { image }, code !== undefined && { code });
}

function create({ name, message, cause, ...fields }: PortableError): Error {
  const options = cause && { cause: fromPortable(cause) };
  const { device, code, needed, available, errors, results } = fields;
  if (device) return new DeviceError(device, code as DeviceError['code'], message, options);
  if (needed !== undefined && available !== undefined) return new MemoryError(message, { needed, available });
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
  return new (plain[name as keyof typeof plain] ?? Error)(message, options);
}
