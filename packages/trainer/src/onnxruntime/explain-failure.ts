import type { Graph } from '@glow-onnx/graph';
import { messageOf } from '@glow-onnx/runtime/internal';
import { type Device, DeviceError } from '@glow-onnx/runtime/session';
import type { Memory } from './memory.js';
import { missingKernels } from './missing-kernels.js';
import type { GraphKind } from './training-graph.js';

/** The graph that failed. */
export interface Attempt {
  readonly kind: GraphKind;
  readonly device: Device | 'auto';
  /** Images at once. */
  readonly count: number;
  readonly memory: Memory;
}

/**
 * Messages of ONNX Runtime 1.30 about memory: from its arenas, C++, CUDA and JavaScript; about sizes beyond the 32 bits
 * of wasm; and about buffers that WebGPU could not create or cannot bind to one shader.
 */
const outOfMemory =
  /allocat|bad_alloc|out of memory|\bOOM\b|Integer overflow|shape is too large|narrowing_error|\[Invalid Buffer|storage buffers in shader|Invalid typed array length|offset is out of bounds|memory access out of bounds/i;
/**
 * CUDA errors 214, 7xx and 999: uncorrectable memory, a kernel that crashed or hung, unknown. Lower numbers mean a
 * wrong driver.
 */
const lostDevice =
  /device (?:"webgpu" )?(?:is |was )?lost|lost (?:the )?device|CUDA (?:failure|error) (?:214|7\d\d|999)\b/i;
const noKernel = /fallback to CPU EP has been explicitly disabled|Could not find an implementation/;

/** The error for a graph that failed to run. It gives advice if the device is out of memory or the GPU was lost. */
export function explainRun(cause: unknown, { kind, device, count, memory }: Attempt): Error {
  if (cause instanceof DeviceError) return cause;
  const said = messageOf(cause).trim();
  const where = `training: ${bare(kind)} of ${count} images on ${device}`;
  if (lostDevice.test(said)) return lost(where, said, cause);
  if (outOfMemory.test(said)) {
    const limit = device === 'wasm' ? ' (WebAssembly has at most 4 GB)' : '';
    const reversible =
      kind.endsWith('gradient') && memory === 'full'
        ? ', or recompute activations (--memory reversible)'
        : '';
    const advice = `pass fewer images at once (a smaller --batch, or --accumulate)${reversible}`;
    return new Error(`${where}: out of memory${limit}; ${advice} (${withoutPlace(said)})`, { cause });
  }
  return new Error(`${where}: ${said}`, { cause });
}

/** The error for a failed update of parameters in the memory of a GPU. */
export function explainUpdate(cause: unknown, device: Device): Error {
  if (cause instanceof DeviceError) return cause;
  const said = messageOf(cause).trim();
  const where = `training: update of the parameters on ${device}`;
  if (lostDevice.test(said)) return lost(where, said, cause);
  if (!outOfMemory.test(said)) return new Error(`${where}: ${said}`, { cause });
  const advice =
    'use a smaller model (--hidden, --steps), fewer images at once (--batch), or another --device';
  return new Error(`${where}: out of memory; ${advice} (${withoutPlace(said)})`, { cause });
}

function lost(where: string, said: string, cause: unknown): Error {
  const advice = 'continue from the last checkpoint (--resume) if one was saved, or use another --device';
  return new Error(`${where}: the GPU was lost; ${advice} (${withoutPlace(said)})`, { cause });
}

/** The error for a graph that could not be opened. It names the operators that the device has no kernel for. */
export async function explainOpening(cause: unknown, graph: Graph, attempt: Attempt): Promise<Error> {
  const { kind, device } = attempt;
  if (device === 'auto' || !noKernel.test(messageOf(cause))) return explainRun(cause, attempt);
  const operators = await missingKernels(graph, device);
  const named = operators.length > 0 ? operators.join(', ') : 'one of its operators';
  const advice = `pass another --device${device === 'cpu' ? '' : ': cpu, or wasm in a page'}`;
  return new Error(`training: ${bare(kind)} on ${device}: no kernel for ${named}; ${advice}`, { cause });
}

/** The kind of graph for users, whom the place of the gradient and the noise do not concern. */
function bare(kind: Attempt['kind']): string {
  return kind.replace('gpu ', '').replace(' variational', '');
}

/** The message of ONNX Runtime without its source line and function. */
function withoutPlace(said: string): string {
  return said.replace(/^.*(?:Status Message|ERROR_MESSAGE): /s, '').replace(/^\S+:\d+ .*\) /, '');
}
