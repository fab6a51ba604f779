/** What a calibration can count as unusual. `docs/anomaly-detection.md` says what each finds. */
export type Statistic = 'density' | 'excess' | 'levels' | 'surprise' | 'gradient';

export const statistics: readonly Statistic[] = ['density', 'excess', 'levels', 'surprise', 'gradient'];

/** All that need no second pass through the model. */
export const defaultStatistics: readonly Statistic[] = ['density', 'excess', 'levels'];

/**
 * A value of an image for each statistic, by its name; `levels` is one for each level, `level0` the finest. Bits/dim;
 * the bits of a pixel for `surprise`, the map's maximum; nats per unit of x for `gradient`, its length.
 */
export type StatisticValues = Readonly<Record<string, number>>;

/** The names of the values of some statistics, in a fixed order. */
export function valueNames(chosen: readonly Statistic[], levels: number): string[] {
  return statistics
    .filter((statistic) => chosen.includes(statistic))
    .flatMap((statistic) =>
      statistic === 'levels' ? Array.from({ length: levels }, (_, level) => `level${level}`) : [statistic],
    );
}

/** 2 if an image can also be unusual because the value is low. */
export function sidesOf(name: string): 1 | 2 {
  return name === 'density' || name.startsWith('level') ? 2 : 1;
}
