// The figures of maps, as tables.
import { table } from '../../models/tables.mjs';
import { maskedAuroc, perRegionOverlap } from './measures.mjs';

/**
 * @param found for each surface and method: { surface, method, parameters, masks, maps, kinds }, one mask, map and kind
 * ('good' or a defect) for each picture.
 * @returns Markdown.
 */
export function report(found) {
  const rows = found.map((one) => [
    one.surface,
    one.method,
    ...[pixelAuroc, overlap, imageAuroc].map((measure) => withError(measure, one)),
  ]);
  const kinds = [...new Set(found.flatMap((one) => one.kinds))].filter((kind) => kind !== 'good');
  const byKind = found.map((one) => [
    one.surface,
    one.method,
    ...kinds.map((kind) =>
      one.kinds.includes(kind) ? pixelAuroc(pick(one, (of) => of === kind || of === 'good')).toFixed(3) : '',
    ),
  ]);
  return [
    'All defects of a surface and its good pictures together:',
    table('llr', ['surface', 'method', 'pixel AUROC', 'PRO', 'image AUROC'], rows),
    'Pixel AUROC of each kind of defect, with the good pictures:',
    table('llr', ['surface', 'method', ...kinds], byKind),
  ].join('\n\n');
}

const pixelAuroc = ({ maps, masks }) => maskedAuroc(joined(maps, Float64Array), joined(masks, Uint8Array));
const overlap = ({ maps, masks }) => perRegionOverlap(maps, masks);
/** By the highest value of a map. */
const imageAuroc = ({ maps, kinds }) =>
  maskedAuroc(
    maps.map((map) => Math.max(...map)),
    kinds.map((kind) => Number(kind !== 'good')),
  );

function joined(arrays, Type) {
  const all = new Type(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function pick({ maps, masks, kinds }, keep) {
  const chosen = kinds.flatMap((kind, i) => (keep(kind, i) ? [i] : []));
  return Object.fromEntries(
    Object.entries({ maps, masks, kinds }).map(([name, list]) => [name, chosen.map((i) => list[i])]),
  );
}

/** A measure with its standard error, by leaving out a tenth of the pictures at a time. */
function withError(measure, one) {
  const parts = 10;
  const without = Array.from({ length: parts }, (_, part) =>
    measure(pick(one, (_, i) => i % parts !== part)),
  );
  const mean = without.reduce((sum, value) => sum + value) / parts;
  const variance = ((parts - 1) / parts) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${measure(one).toFixed(3)} ± ${Math.sqrt(variance).toFixed(3)}`;
}
