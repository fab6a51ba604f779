import type { FitOptions } from '../model/call.js';
import type { Fitted } from '../pictures/fit.js';

/** An image of a command that was brought to another size. */
export interface FittedFile extends Fitted {
  /** As the arguments name it. */
  readonly image: string;
}

/** More images are only counted. */
const named = 3;

/** Gathers how the images of a call are fitted. */
export function gatherFitted(images: readonly string[]): {
  readonly fitted: FittedFile[];
  readonly onFit: NonNullable<FitOptions['onFit']>;
} {
  const fitted: FittedFile[] = [];
  return {
    fitted,
    onFit: ({ image, ...change }) => fitted.push({ ...change, image: images[image] as string }),
  };
}

/** `cat.png: 3024×4032 → 16×16 (cover)`; after three such lines, how many more. */
export function describeFitted(fitted: readonly FittedFile[]): string[] {
  const lines = fitted
    .slice(0, named)
    .map(
      ({ image, from, to, by }) =>
        `${image}: ${from.height}×${from.width} → ${to.height}×${to.width} (${by})`,
    );
  const more = fitted.length - named;
  return more > 0
    ? [...lines, `${more} more ${more === 1 ? 'image was' : 'images were'} brought to another size`]
    : lines;
}
