/** A square map, smoothed by a normal kernel of this deviation in pixels, as is usual before maps are compared. */
export function smooth(map, side, deviation = 1.5) {
  const reach = Math.ceil(3 * deviation);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-(((i - reach) / deviation) ** 2) / 2),
  );
  const total = kernel.reduce((sum, weight) => sum + weight);
  const inside = (place) => Math.min(side - 1, Math.max(0, place));
  const along = (from, placeOf) =>
    from.map((_, at) => {
      const [x, y] = [at % side, Math.floor(at / side)];
      return kernel.reduce((sum, weight, i) => sum + weight * from[placeOf(x, y, i - reach)], 0) / total;
    });
  const rows = along(Float64Array.from(map), (x, y, by) => y * side + inside(x + by));
  return along(rows, (x, y, by) => inside(y + by) * side + x);
}
