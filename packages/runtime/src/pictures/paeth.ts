/**
 * The Paeth predictor of PNG: of three neighbours, the one nearest to left + up − upLeft.
 * Ties go to left, then to up.
 * Source: PNG specification, third edition, §9.4.
 */
export function paeth(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft);
  const toUp = Math.abs(left - upLeft);
  const toUpLeft = Math.abs(left + up - 2 * upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}
