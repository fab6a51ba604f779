// Whether a map is high where the defect is. All measures are 1 for a perfect map, and do not depend on its scale.
import { auroc } from '../auroc.mjs';

/**
 * How often a value in the mask is higher than one outside.
 * @param values of any number of pixels or images. @param mask 1 or 0 for each.
 * @throws RangeError if all values are on one side.
 */
export function maskedAuroc(values, mask) {
  const [inside, outside] = [1, 0].map((side) => values.filter((_, i) => mask[i] === side));
  return auroc(inside, outside);
}

/**
 * Per-region overlap (Bergmann et al. 2020, arXiv:1911.02357): the mean share of each defect above a threshold, over the
 * share of good pixels above it, from no such pixels to `limit` of them; divided by `limit`.
 * @param maps numbers for each picture. @param masks of the same sizes; all 0 for a good picture.
 */
export function perRegionOverlap(maps, masks, limit = 0.3) {
  const outside = [];
  const inside = [];
  for (const [picture, map] of maps.entries()) {
    const mask = masks[picture];
    const weight = 1 / mask.reduce((sum, one) => sum + one, 0);
    for (let i = 0; i < map.length; i++) {
      if (mask[i] === 1) inside.push({ value: map[i], weight });
      else outside.push(map[i]);
    }
  }
  const regions = masks.filter((mask) => mask.includes(1)).length;
  inside.sort((a, b) => b.value - a.value);
  const good = Float64Array.from(outside).sort().reverse();
  let [area, overlap, alarms, i, j] = [0, 0, 0, 0, 0];
  while (alarms < limit && (i < inside.length || j < good.length)) {
    const value = Math.max(inside[i]?.value ?? -Infinity, good[j] ?? -Infinity);
    let [more, added] = [0, 0];
    for (; inside[i]?.value === value; i++) more += inside[i].weight / regions;
    for (; good[j] === value; j++) added += 1 / good.length;
    const share = added > 0 ? Math.min(1, (limit - alarms) / added) : 1;
    area += share * added * (overlap + (share * more) / 2);
    overlap += more;
    alarms += added;
  }
  return area / limit;
}
