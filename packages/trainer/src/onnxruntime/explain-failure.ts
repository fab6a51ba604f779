import type { Graph } from '@glow-onnx/graph';
import { type Device, DeviceError } from '@glow-onnx/runtime/session';
import { missingKernels } from './missing-kernels.js';
import type { GraphKind, Memory } from './training-graph.js';

/** What was under way. */
export interface Attempt {
  readonly kind: GraphKind;
  readonly device: Device | 'auto';
  /** Images at once. */
  readonly count: number;
  readonly memory: Memory;
}

/**
 * In the words of ONNX Runtime 1.30: its arenas', C++'s, CUDA's and JavaScript's; sizes that wasm's 32 bits do not
 * hold; buffers that WebGPU could not make, or cannot give to one shader.
 */
const outOfMemory =
  /allocat|bad_alloc|out of memory|\bOOM\b|Integer overflow|shape is too large|narrowing_error|\[Invalid Buffer|storage buffers in shader|Invalid typed array length|offset is out of bounds|memory access out of bounds/i;
/** CUDA's: uncorrectable memory, a kernel that crashed or hung, unknown. Lower ones are of a driver that does not fit. */
const lostDevice =
  /device (?:"webgpu" )?(?:is |was )?lost|lost (?:the )?device|CUDA (?:failure|error) (?:214|7\d\d|999)\b/i;
const noKernel = /fallback to CPU EP has been explicitly disabled|Could not find an implementation/;

/** What a run that failed throws: where ONNX Runtime is out of memory or has lost its GPU, saying what to do. */
export function explainRun(cause: unknown, { kind, device, count, memory }: Attempt): Error {
  if (cause instanceof DeviceError) return cause;
  const said = messageOf(cause);
  const where = `training: ${bare(kind)} of ${count} images on ${device}`;
  if (lostDevice.test(said)) return lost(where, said, cause);
  if (outOfMemory.test(said)) {
    const limit = device === 'wasm' ? ', of which WebAssembly has 4 GB at most' : '';
    const reversible =
      kind.endsWith('gradient') && memory === 'full'
        ? ', or compute activations again (--memory reversible)'
        : '';
    const advice = `pass fewer images at once (a smaller --batch, or --accumulate)${reversible}`;
    return new Error(`${where}: out of memory${limit}; ${advice} (${withoutPlace(said)})`, { cause });
  }
  return new Error(`${where}: ${said}`, { cause });
}

/** The same for parameters and optimiser in the memory of a GPU. */
export function explainUpdate(cause: unknown, device: Device): Error {
  if (cause instanceof DeviceError) return cause;
  const said = messageOf(cause);
  const where = `training: update of the parameters on ${device}`;
  if (lostDevice.test(said)) return lost(where, said, cause);
  if (!outOfMemory.test(said)) return new Error(`${where}: ${said}`, { cause });
  const advice =
    'take a smaller model (--hidden, --steps), fewer images at once (--batch), or another --device';
  return new Error(`${where}: out of memory; ${advice} (${withoutPlace(said)})`, { cause });
}

function lost(where: string, said: string, cause: unknown): Error {
  const advice = 'go on from the last checkpoint (--resume), or on another --device';
  return new Error(`${where}: the GPU was lost; ${advice} (${withoutPlace(said)})`, { cause });
}

/** As `explainRun`, for a graph that could not be opened, maybe for want of a kernel. */
export async function explainOpening(cause: unknown, graph: Graph, attempt: Attempt): Promise<Error> {
  const { kind, device } = attempt;
  if (device === 'auto' || !noKernel.test(messageOf(cause))) return explainRun(cause, attempt);
  const operators = await missingKernels(graph, device);
  const named = operators.length > 0 ? operators.join(', ') : 'an operator of it';
  const advice = `pass another --device${device === 'cpu' ? '' : ': cpu, or wasm in a page'}`;
  return new Error(`training: ${bare(kind)} on ${device}: no kernel for ${named}; ${advice}`, { cause });
}

/** Where gradients stay is no matter of the user's. */
function bare(kind: Attempt['kind']): string {
  return kind.replace('resident ', '');
}

/** ONNX Runtime's message without the line of its source and the function there. */
function withoutPlace(said: string): string {
  return said.replace(/^.*(?:Status Message|ERROR_MESSAGE): /s, '').replace(/^\S+:\d+ .*\) /, '');
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim();
}
