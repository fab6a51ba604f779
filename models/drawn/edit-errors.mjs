/** An edit that moves what it should leave by more than this, on average, has made noise of the picture. */
const noise = 40;

/**
 * How far edited pictures lie from the right answers: mean absolute errors in levels of 255, and shares of pixels
 * that are exactly right. A pixel is `changed` if its right answer differs from what it was, else `elsewhere`.
 * Doing nothing has an error of 0 elsewhere, `nothing` where the answer changes, and `wholeNothing` over all.
 * `broken` is the share of images that turned into noise.
 * @param images, before, wanted as many images of one size each, { data } with three channels
 */
export function editErrors(images, before, wanted) {
  const sums = { changed: noPixels(), elsewhere: noPixels() };
  let broken = 0;
  for (const [i, { data }] of images.entries()) {
    const { pixels, error } = sums.elsewhere;
    for (let k = 0; k < data.length; k += 3) {
      const nothing = distance(before[i].data, wanted[i].data, k);
      const edited = distance(data, wanted[i].data, k);
      const sum = nothing > 0 ? sums.changed : sums.elsewhere;
      sum.pixels += 1;
      sum.nothing += nothing;
      sum.error += edited;
      if (edited === 0) sum.exact += 1;
    }
    if (sums.elsewhere.error - error > noise * (sums.elsewhere.pixels - pixels)) broken += 1;
  }
  const { changed, elsewhere } = sums;
  const pixels = changed.pixels + elsewhere.pixels;
  return {
    nothing: changed.nothing / changed.pixels,
    changed: changed.error / changed.pixels,
    changedExact: changed.exact / changed.pixels,
    elsewhere: elsewhere.error / elsewhere.pixels,
    elsewhereExact: elsewhere.exact / elsewhere.pixels,
    wholeNothing: changed.nothing / pixels,
    whole: (changed.error + elsewhere.error) / pixels,
    broken: broken / images.length,
  };
}

const noPixels = () => ({ pixels: 0, nothing: 0, error: 0, exact: 0 });

/** Mean absolute difference of one pixel's three values. */
function distance(a, b, k) {
  return (Math.abs(a[k] - b[k]) + Math.abs(a[k + 1] - b[k + 1]) + Math.abs(a[k + 2] - b[k + 2])) / 3;
}
