/** A rate that falls from `from` to `to` geometrically over a search. */
export interface Rate {
  readonly from: number;
  readonly to: number;
}

/** The rate at a step of a search. */
export function rateAt({ from, to }: Rate, step: number, steps: number): number {
  return steps > 1 ? from * (to / from) ** (step / (steps - 1)) : from;
}

/** Adam's moving averages for some numbers, which start at zero. Source: Kingma & Ba 2015. */
export class Adam {
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  readonly #decays: readonly [number, number];
  #steps = 0;

  constructor(size: number, decays: readonly [number, number]) {
    this.#mean = new Float64Array(size);
    this.#square = new Float64Array(size);
    this.#decays = decays;
  }

  /** Moves the numbers along the slope: up with a positive rate. A slope that is not finite counts as zero. */
  move(values: Float32Array, slope: ArrayLike<number>, rate: number): void {
    const [first, second] = this.#decays;
    this.#steps++;
    const meanScale = 1 / (1 - first ** this.#steps);
    const squareScale = 1 / (1 - second ** this.#steps);
    for (let i = 0; i < values.length; i++) {
      const g = Number.isFinite(slope[i]) ? (slope[i] as number) : 0;
      const mean = first * (this.#mean[i] as number) + (1 - first) * g;
      const square = second * (this.#square[i] as number) + (1 - second) * g * g;
      this.#mean[i] = mean;
      this.#square[i] = square;
      values[i] =
        (values[i] as number) + (rate * mean * meanScale) / (Math.sqrt(square * squareScale) + 1e-8);
    }
  }
}
