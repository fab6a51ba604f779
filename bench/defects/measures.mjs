// Whether a map is high where the defect is. All three measures are 1 for a perfect map, and do not depend on its scale.

/**
 * The share of pairs (one of the mask, one outside) in which the value in the mask is higher; a tie counts half.
 * @param values of any number of pixels or images. @param mask 1 or 0 for each.
 * @throws RangeError if all values are on one side.
 */
export function auroc(values, mask) {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const positives = mask.reduce((sum, one) => sum + one, 0);
  const negatives = mask.length - positives;
  if (positives === 0 || negatives === 0) throw new RangeError('auroc: all values are on one side');
  let wins = 0;
  let below = 0;
  for (let from = 0; from < order.length; ) {
    let [to, inside] = [from, 0];
    while (to < order.length && values[order[to]] === values[order[from]]) inside += mask[order[to++]];
    const outside = to - from - inside;
    wins += inside * (below + outside / 2);
    below += outside;
    from = to;
  }
  return wins / (positives * negatives);
}

/**
 * Per-region overlap (Bergmann et al. 2020, arXiv:1911.02357): the mean share of each defect above a threshold, over the
 * share of good pixels above it, from no such pixels to `limit` of them; divided by `limit`.
 * @param maps one Float64Array for each picture. @param masks of the same sizes; all 0 for a good picture.
 */
export function perRegionOverlap(maps, masks, limit = 0.3) {
  const sizes = masks.map((mask) => mask.reduce((sum, one) => sum + one, 0));
  const regions = sizes.filter((size) => size > 0).length;
  const values = Float64Array.from(maps.flatMap((map) => Array.from(map)));
  // What a pixel adds when the threshold falls below it: to its defect's overlap, or to the false alarms.
  const overlaps = new Float64Array(values.length);
  let good = 0;
  for (let picture = 0, at = 0; picture < maps.length; picture++) {
    for (const inside of masks[picture]) {
      overlaps[at++] = inside / Math.max(1, sizes[picture]) / regions;
      good += 1 - inside;
    }
  }
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a]);
  let [area, overlap, alarms] = [0, 0, 0];
  for (let from = 0; from < order.length && alarms < limit; ) {
    let [to, more, newAlarms] = [from, 0, 0];
    for (; to < order.length && values[order[to]] === values[order[from]]; to++) {
      more += overlaps[order[to]];
      newAlarms += overlaps[order[to]] === 0 ? 1 / good : 0;
    }
    const share = newAlarms > 0 ? Math.min(1, (limit - alarms) / newAlarms) : 1;
    area += share * newAlarms * (overlap + (share * more) / 2);
    overlap += more;
    alarms += newAlarms;
    from = to;
  }
  return area / limit;
}
