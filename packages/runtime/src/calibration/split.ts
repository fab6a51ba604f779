import { createRandom, shuffle } from '@glow-onnx/flow/random';

/** Which images of a calibration serve for what, by their places. */
export interface Split {
  /** Decide how the statistics are combined. */
  readonly reference: readonly number[];
  /** Are compared with new images: one of each group. */
  readonly scores: readonly number[];
}

/**
 * Splits images at random: a quarter of the groups is for reference, with all of their images. One image, drawn at
 * random, of each other group is for scores. Images of one group are alike, and a new image has a group of its own; so it is
 * exchangeable with one image of each group, and not with all of them.
 * Source: Dunn, Wasserman & Ramdas 2023 (arXiv:1809.07441), §3.3, subsampling once.
 * @param groups the group of each image.
 * @example splitByGroup(['a', 'a', 'b', 'c', 'd'], 0); // such as { reference: [3], scores: [1, 2, 4] }
 */
export function splitByGroup(groups: readonly (string | number)[], seed: number): Split {
  const members = new Map<string | number, number[]>();
  for (const [image, group] of groups.entries()) {
    const own = members.get(group) ?? [];
    members.set(group, own);
    own.push(image);
  }
  const random = createRandom(seed);
  const lists = [...members.values()];
  const order = shuffle(Uint32Array.from(lists.keys()), random);
  const shuffled = Array.from(order, (place) => lists[place] as number[]);
  const count = referenceCount(shuffled.length);
  return {
    reference: shuffled
      .slice(0, count)
      .flat()
      .sort((a, b) => a - b),
    scores: shuffled
      .slice(count)
      .map((images) => images[random.below(images.length)] as number)
      .sort((a, b) => a - b),
  };
}

function referenceCount(groups: number): number {
  return Math.floor(groups / 4);
}

/** The fewest groups that leave so many for scores. */
export function leastGroups(scores: number): number {
  return Math.floor((4 * (scores - 1)) / 3) + 1;
}
