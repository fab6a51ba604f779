import { messageOf } from '@glow-onnx/runtime/internal';

/** Adds the place to the errors of `work`. */
export function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new Error(`${where}: ${messageOf(cause)}`, { cause });
  }
}
