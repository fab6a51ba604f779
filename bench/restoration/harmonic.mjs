/** A hole filled so that each value is the mean of its neighbours. Written apart from the runtime's, which it checks. */
export function harmonic({ data, height, width, channels }, mask) {
  const x = Float64Array.from(data);
  const unknown = [...mask.data.keys()].filter((pixel) => mask.data[pixel] === 255);
  for (let c = 0; c < channels; c++) {
    const known = [...mask.data.keys()].filter((pixel) => mask.data[pixel] !== 255);
    const mean = known.reduce((sum, pixel) => sum + x[pixel * channels + c], 0) / known.length;
    for (const pixel of unknown) x[pixel * channels + c] = mean;
    for (let round = 0; round < 2000; round++) {
      let change = 0;
      for (const pixel of unknown) {
        const [row, column] = [Math.floor(pixel / width), pixel % width];
        const beside = [
          row > 0 && pixel - width,
          row < height - 1 && pixel + width,
          column > 0 && pixel - 1,
          column < width - 1 && pixel + 1,
        ].filter((at) => at !== false);
        const next = beside.reduce((sum, at) => sum + x[at * channels + c], 0) / beside.length;
        change = Math.max(change, Math.abs(next - x[pixel * channels + c]));
        x[pixel * channels + c] = next;
      }
      if (change < 0.01) break;
    }
  }
  return { data: Uint8Array.from(x, Math.round), height, width, channels };
}
