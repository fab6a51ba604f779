import { messageOf } from '../message-of.js';
import type { Platform } from '../platform.js';
import type { Device } from './device.js';
import { DeviceError } from './device-error.js';
import type { OnnxRuntime, RuntimeOptions } from './onnx-runtime.js';
import { sessionOptions } from './session-options.js';

/** An ONNX graph of 70 bytes: y = x + x on a vector. */
const doubling =
  'CAg6PAoOCgF4CgF4EgF5IgNBZGQSBmRvdWJsZVoQCgF4EgsKCQgBEgUKAxIBTmIQCgF5EgsKCQgBEgUKAxIBTkIECgAQEQ==';

/** The probes by device. One probe is enough: drivers and libraries do not change while a program runs. */
const probes = new Map<string, Promise<void>>();

/**
 * ONNX Runtime for a device that has run a small graph, once in a program. A later graph that cannot be opened is
 * therefore never mistaken for a device that is not available.
 * @throws DeviceError if the device is not available or cannot add.
 */
export async function requireDevice(
  platform: Platform,
  device: Device,
  options: RuntimeOptions = {},
): Promise<OnnxRuntime> {
  const runtime = await platform.loadOnnxRuntime(device, options);
  const key = `${runtime.name} ${device}`;
  const probe = probes.get(key) ?? runtime.inTurn(() => double(runtime, device));
  probes.set(key, probe);
  try {
    await probe;
  } catch (cause) {
    const reason = messageOf(cause)
      .replace(/^\/\S+\.cc:\d+ .* was false\. /, '')
      .replace(/[\s.]+$/, '');
    const message = `device "${device}" is not available here: ${reason}; ${runtime.advice}`;
    throw new DeviceError(device, 'unavailable', message, { cause });
  }
  return runtime;
}

async function double(runtime: OnnxRuntime, device: Device): Promise<void> {
  const graph = Uint8Array.from(atob(doubling), (character) => character.charCodeAt(0));
  const session = await runtime.InferenceSession.create(graph, sessionOptions(runtime, device));
  try {
    const { y } = await session.run({ x: new runtime.Tensor('float32', Float32Array.of(1.5, -2), [2]) });
    const got = Array.from((y?.data ?? []) as Float32Array).join(', ');
    if (got !== '3, -4') throw new Error(`it doubles 1.5 and -2 to ${got}`);
  } finally {
    await session.release();
  }
}
