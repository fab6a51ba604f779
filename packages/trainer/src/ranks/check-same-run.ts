import type { Float64Tensor, Named } from '@glow-onnx/flow';
import { version } from '@glow-onnx/runtime/internal';
import type { Ranks } from './ranks.js';

/**
 * Checks that the ranks start the same run: that each of the facts, as JSON, is the same on all of them.
 * @throws RangeError on every rank if one is not, because each rank would train another model.
 */
export async function checkSameRun(
  ranks: Ranks,
  { weights, ...facts }: { readonly weights: Named<Float64Tensor>; readonly [fact: string]: unknown },
): Promise<void> {
  const sums = Object.entries(weights).map(([name, { data }]) => [name, sum(data)]);
  for (const [name, fact] of Object.entries({ version, ...facts, weights: sums })) {
    const own = digest(JSON.stringify(fact));
    const [most, least] = [await ranks.max(own), -(await ranks.max(-own))];
    if (most === least) continue;
    throw new RangeError(
      `train: ranks: the ${name} of rank ${ranks.rank} is not the same as that of every other rank; start all ranks ` +
        'with the same command, version and files',
    );
  }
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** A number that is likely to differ for two texts: FNV-1a of their code units. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
