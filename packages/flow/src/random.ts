/**
 * The project's one source of random numbers: xoshiro128** (Blackman & Vigna 2018), seeded by splitmix32.
 * The stream depends on (seed, index) alone, so batch size and device do not change an image.
 */
export interface Random {
  /** An integer in [0, 2³²). */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal, by Box–Muller in float64. */
  normal(): number;
  /** An integer in [0, bound). @throws RangeError unless 1 ≤ bound ≤ 2³². */
  below(bound: number): number;
  /** The state that `restoreRandom` continues from; it survives JSON. */
  state(): RandomState;
}

/** Four words of state, and the second normal of a Box–Muller pair if it was not drawn yet. */
export interface RandomState {
  readonly words: readonly [number, number, number, number];
  readonly spareNormal: number | null;
}

function splitmix32(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x9e3779b9) | 0;
    let t = a ^ (a >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
}

const rotateLeft = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/**
 * Starts the stream of (seed, index).
 * @param seed an integer in [0, 2⁵³).
 * @param index an integer in [0, 2⁵³): the image, layer or epoch of the stream.
 * @throws RangeError if a number is outside that range.
 * Source: Blackman & Vigna 2018.
 * @example
 * const noise = Float64Array.from({ length: 12 }, createRandom(1, 7).normal);
 */
export function createRandom(seed: number, index = 0): Random {
  for (const [name, value] of [
    ['seed', seed],
    ['index', index],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`random: ${name} must be an integer from 0 to 2^53 - 1, got ${value}`);
    }
  }
  const words: [number, number, number, number] = [0x676c6f77, 0, 0, 0];
  for (const part of [seed, Math.floor(seed / 2 ** 32), index, Math.floor(index / 2 ** 32)]) {
    const mix = splitmix32(part ^ words[0]);
    for (let i = 0; i < 4; i++) words[i] = ((words[i] as number) ^ mix()) >>> 0;
  }
  if (words.every((word) => word === 0)) words[0] = 1;
  return restoreRandom({ words, spareNormal: null });
}

/**
 * Continues a stream from `state()`.
 * @throws RangeError if the words are not four integers of 32 bits or are all zero (the generator would stay there), or
 * if the spare normal is not a number or null.
 */
export function restoreRandom(state: RandomState): Random {
  const isWord = (word: number): boolean => Number.isInteger(word) && word >= 0 && word < 2 ** 32;
  if (state.words.length !== 4 || !state.words.every(isWord) || state.words.every((word) => word === 0)) {
    throw new RangeError(`random: expected four integers of 32 bits, not all zero, got ${state.words}`);
  }
  if (state.spareNormal !== null && !Number.isFinite(state.spareNormal)) {
    throw new RangeError(`random: expected spareNormal null or a number, got ${state.spareNormal}`);
  }
  let [a, b, c, d] = state.words;
  let spare = state.spareNormal;
  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotateLeft(d, 11);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 2 ** 53;
  return {
    uint32,
    uniform,
    normal() {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
        throw new RangeError(`random.below: bound must be an integer from 1 to 2^32, got ${bound}`);
      }
      return Math.floor(uniform() * bound);
    },
    state: () => ({ words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0], spareNormal: spare }),
  };
}

/** Shuffles in place (Fisher–Yates) and returns the same array. */
export function shuffle<A extends { length: number; [i: number]: number }>(values: A, random: Random): A {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = values[i] as number;
    values[i] = values[j] as number;
    values[j] = kept;
  }
  return values;
}
