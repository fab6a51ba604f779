import { createRandom } from '@glow-onnx/flow/random';

export interface JpegParts {
  readonly width: number;
  readonly height: number;
  /** Sampling factors of each component, horizontally and vertically. */
  readonly factors: readonly (readonly [across: number, down: number])[];
  readonly seed: number;
  /** Names of the components; default: 1, 2, 3. */
  readonly ids?: readonly number[];
  /** Units between restart markers. */
  readonly restartInterval?: number;
  /** Whether each component has a scan of its own. */
  readonly apart?: boolean;
  /** Segments before everything else. */
  readonly segments?: readonly (readonly [marker: number, data: Uint8Array])[];
}

/** Symbols of coefficients: end of block, 16 zeros, then zeros × 16 + size. Codes have 8 bits: a symbol's place here. */
const acSymbols = [0x00, 0xf0, ...Array.from({ length: 160 }, (_, i) => ((i % 16) << 4) | (1 + (i >> 4)))];

/** A baseline JPEG of noise, put together bit by bit, so that it owes nothing to any library that is tested with it. */
export function jpegOf(parts: JpegParts): Uint8Array {
  const { width, height, factors, seed, restartInterval = 0, apart = false, segments = [] } = parts;
  const ids = parts.ids ?? factors.map((_, i) => i + 1);
  const random = createRandom(seed);
  const [mostAcross, mostDown] = [0, 1].map((axis) =>
    Math.max(...factors.map((each) => each[axis] as number)),
  ) as [number, number];
  const segment = (marker: number, data: ArrayLike<number>) => {
    const length = data.length + 2;
    return [0xff, marker, length >> 8, length & 255, ...Array.from(data)];
  };
  const scan = (components: readonly number[]) => {
    const only =
      components.length === 1 ? (factors[components[0] as number] as readonly [number, number]) : undefined;
    const [unitWidth, unitHeight] = only
      ? [(8 * mostAcross) / only[0], (8 * mostDown) / only[1]]
      : [8 * mostAcross, 8 * mostDown];
    const units = Math.ceil(width / unitWidth) * Math.ceil(height / unitHeight);
    const head = segment(0xda, [
      components.length,
      ...components.flatMap((c) => [ids[c] as number, 0]),
      0,
      63,
      0,
    ]);
    const blocks = components.flatMap((c) => {
      const [across, down] = only ? [1, 1] : (factors[c] as readonly [number, number]);
      return new Array<number>(across * down).fill(c);
    });
    const out: number[] = [];
    let bits = new BitWriter(out);
    const last = ids.map(() => 0);
    for (let unit = 0; unit < units; unit++) {
      if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
        bits.flush();
        out.push(0xff, 0xd0 + ((unit / restartInterval - 1) & 7));
        bits = new BitWriter(out);
        last.fill(0);
      }
      for (const c of blocks) writeBlock(bits, last, c, () => random.uniform());
    }
    bits.flush();
    return [...head, ...out];
  };
  const steps = Array.from({ length: 64 }, () => 1 + Math.floor(12 * random.uniform()));
  const all = factors.map((_, c) => c);
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...segments.flatMap(([marker, data]) => segment(marker, data)),
    ...segment(0xdb, [0, ...steps]),
    ...segment(0xc0, [
      8,
      height >> 8,
      height & 255,
      width >> 8,
      width & 255,
      factors.length,
      ...factors.flatMap(([across, down], c) => [ids[c] as number, (across << 4) | down, 0]),
    ]),
    ...segment(0xc4, [
      0,
      0,
      0,
      0,
      12,
      ...new Array<number>(12).fill(0),
      ...Array.from({ length: 12 }, (_, i) => i),
    ]),
    ...segment(0xc4, [
      0x10,
      ...new Array<number>(7).fill(0),
      acSymbols.length,
      ...new Array<number>(8).fill(0),
      ...acSymbols,
    ]),
    ...(restartInterval > 0 ? segment(0xdd, [restartInterval >> 8, restartInterval & 255]) : []),
    ...(apart ? all.flatMap((c) => scan([c])) : scan(all)),
    ...[0xff, 0xd9],
  ]);
}

/** A mean that stays within 8 bits, then a few coefficients. */
function writeBlock(bits: BitWriter, last: number[], component: number, uniform: () => number): void {
  const mean = Math.round(200 * (uniform() - 0.5));
  const difference = mean - (last[component] as number);
  last[component] = mean;
  bits.write(sizeOf(difference), 4);
  bits.writeSigned(difference);
  for (let k = 1; k < 64 && uniform() < 0.9; k++) {
    const zeros = Math.min(Math.floor(4 * uniform() ** 2), 63 - k);
    const value = Math.round((60 * (uniform() - 0.5)) / (1 + k / 4)) || 1;
    bits.write(acSymbols.indexOf((zeros << 4) | sizeOf(value)), 8);
    bits.writeSigned(value);
    k += zeros;
    if (k === 63) return; // the block is full: no symbol says that it ends
  }
  bits.write(0, 8);
}

const sizeOf = (value: number) => (value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 1);

class BitWriter {
  private bits = '';

  constructor(private readonly out: number[]) {}

  write(value: number, length: number): void {
    if (length > 0) this.bits += value.toString(2).padStart(length, '0');
    while (this.bits.length >= 8) this.push();
  }

  /** Negative numbers are the first half of the codes of their size. */
  writeSigned(value: number): void {
    const size = sizeOf(value);
    this.write(value < 0 ? value + 2 ** size - 1 : value, size);
  }

  flush(): void {
    if (this.bits.length === 0) return;
    this.bits = this.bits.padEnd(8, '1');
    this.push();
  }

  private push(): void {
    const byte = Number.parseInt(this.bits.slice(0, 8), 2);
    this.out.push(...(byte === 0xff ? [byte, 0] : [byte]));
    this.bits = this.bits.slice(8);
  }
}
