import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { bytesPerPixel } from '../model/cost.js';
import { hold, within } from './fault.js';
import type { OnnxGraph } from './onnx-model.js';
import { elementTypes, type Value } from './operators.js';
import { partsOf } from './signature.js';

/** Most bytes for each pixel, as a multiple of the estimate. Graphs that glow-onnx export writes take at most 0.75 of it. */
const mostOfEstimate = 1.5;

/**
 * The bytes for each pixel of the computed values that live at once, at most. A value lives from its node to its last
 * use, outputs to the end.
 * @param bounded holds them to what encode or decode with this config needs.
 * @throws RangeError naming the node at which too many live.
 */
export function liveBytesPerPixel(
  { nodes, outputs }: OnnxGraph,
  values: ReadonlyMap<string, Value>,
  config: Pick<GlowConfig, 'channels' | 'levels' | 'hiddenChannels'>,
  bounded: boolean,
): number {
  const most = bounded ? mostOfEstimate * bytesPerPixel(config) : Number.POSITIVE_INFINITY;
  let peak = 0;
  const lastUse = new Map<string, number>();
  nodes.forEach(({ inputs, outputs: [own = ''] }, i) => {
    for (const name of [own, ...inputs]) lastUse.set(name, i);
  });
  for (const { name } of outputs) lastUse.set(name ?? '', nodes.length);
  const ends = nodes.map((): number => 0);
  let live = 0;
  nodes.forEach(({ outputs: [name = ''], operator }, i) => {
    const value = values.get(name);
    const bytes = value && !value.constant ? bytesOfPixel(value, config.levels) : 0;
    live += bytes;
    peak = Math.max(peak, live);
    within(
      () => `node "${name}" (${operator})`,
      () => hold(live <= most, () => 'more values are kept at once than a model of this config needs'),
    );
    const end = lastUse.get(name) ?? i;
    if (end < nodes.length) ends[end] = (ends[end] ?? 0) + bytes;
    live -= ends[i] ?? 0;
  });
  return peak;
}

/** Bytes of a value for each pixel of the image; of the smallest image if the value does not grow with it. */
function bytesOfPixel({ type, shape }: Value, levels: number): number {
  const symbols = new Map(shape.map(partsOf));
  const side = (symbol: string) => 1 / (symbols.get(symbol) ?? 2 ** levels);
  const numbers = shape.filter((extent) => typeof extent === 'number');
  const size = numbers.reduce((product, extent) => product * extent, side('height') * side('width'));
  return size * elementTypes[type].bytes;
}
