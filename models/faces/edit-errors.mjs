/**
 * How far edited pictures lie from the right answers: mean absolute errors in levels of 255, and shares of pixels
 * that are exactly right. A pixel is `changed` if its right answer differs from what it was, else `elsewhere`.
 * Doing nothing has an error of 0 elsewhere, `nothing` where the answer changes, and `wholeNothing` over all.
 * @param images, before, wanted as many images of one size each, { data } with three channels
 */
export function editErrors(images, before, wanted) {
  const sums = { changed: noPixels(), elsewhere: noPixels() };
  for (const [i, { data }] of images.entries()) {
    for (let k = 0; k < data.length; k += 3) {
      const nothing = distance(before[i].data, wanted[i].data, k);
      const error = distance(data, wanted[i].data, k);
      const sum = nothing > 0 ? sums.changed : sums.elsewhere;
      sum.pixels += 1;
      sum.nothing += nothing;
      sum.error += error;
      if (error === 0) sum.exact += 1;
    }
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
  };
}

const noPixels = () => ({ pixels: 0, nothing: 0, error: 0, exact: 0 });

/** Mean absolute difference of one pixel's three values. */
function distance(a, b, k) {
  return (Math.abs(a[k] - b[k]) + Math.abs(a[k + 1] - b[k + 1]) + Math.abs(a[k + 2] - b[k + 2])) / 3;
}
