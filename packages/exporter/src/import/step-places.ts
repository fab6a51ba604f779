import type { StepPlaces } from './step-names.js';

/**
 * The places of steps that have a number in a numbered level.
 * @param anchor its groups 2 and 3 are the numbers of level and step.
 * @throws RangeError if numbers are left out.
 */
export function numberedPlaces(
  names: readonly string[],
  anchor: RegExp,
  place: (level: number, step: number) => string,
  layout: string,
): StepPlaces {
  const found: Set<number>[] = [];
  for (const name of names) {
    const match = anchor.exec(name);
    if (!match) continue;
    const level = Number(match[2]);
    found[level] ??= new Set();
    found[level].add(Number(match[3]));
  }
  const numbers = Array.from(found, (steps) => [...(steps ?? [])].sort((a, b) => a - b));
  const expected = numbers[0].length;
  numbers.forEach((steps, level) => {
    if (steps.length !== expected || steps.some((step, i) => step !== i) || expected === 0) {
      throw new RangeError(
        `import (${layout}): expected steps 0 to ${Math.max(expected - 1, 0)} at level ${level} as at level 0, ` +
          `got ${steps.join(', ') || 'none'}`,
      );
    }
  });
  return numbers.map((steps, level) => steps.map((step) => place(level, step)));
}

/**
 * The places of steps in one list of layers: a level is a run of steps without another layer between them.
 * @param anchor its group 2 is the number of the layer.
 * @throws RangeError if the levels differ in their number of steps.
 */
export function listedPlaces(
  names: readonly string[],
  anchor: RegExp,
  place: (layer: number) => string,
  layout: string,
): StepPlaces {
  const layers = new Set(names.flatMap((name) => anchor.exec(name)?.[2] ?? []));
  const levels: number[][] = [];
  for (const layer of [...layers].map(Number).sort((a, b) => a - b)) {
    const level = levels.at(-1);
    if (level?.at(-1) === layer - 1) level.push(layer);
    else levels.push([layer]);
  }
  levels.forEach((steps, level) => {
    if (steps.length !== levels[0].length) {
      throw new RangeError(
        `import (${layout}): expected ${levels[0].length} steps at level ${level} as at level 0, got ${steps.length}: ` +
          `${steps.map(place).join(', ')}`,
      );
    }
  });
  return levels.map((steps) => steps.map(place));
}
