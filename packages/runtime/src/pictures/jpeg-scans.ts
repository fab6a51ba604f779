import { BrokenImageError } from './broken-image.js';

/** Progressive JPEGs have about ten. A decoder visits every block in each scan, however few bytes the scan has. */
const maxScans = 64;
/** Blocks of a unit of several components. Source: ITU-T T.81, B.2.3. */
const maxBlocks = 10;

/** What a frame says of a component that its scans need. */
export interface ScanComponent {
  readonly id: number;
  readonly across: number;
  readonly down: number;
}

/** Holds the scans of a JPEG to its frame: each bit of each coefficient comes once, and all come. */
export interface ScanChecker {
  /** @param data the header of a scan. @throws BrokenImageError if its turn has not come, or its tables have not. */
  add(data: Uint8Array): void;
  /** @throws BrokenImageError if a component lacks a scan. */
  finish(): void;
}

/**
 * Decoders differ in what they make of scans that are missing, come twice or in another order. Such files are broken.
 * @param progressive otherwise each component has one scan of all coefficients. Some phones write other numbers there,
 *   which decoders ignore.
 * @param tables the numbers of the Huffman tables so far: those for means from 0, the others from 16 on.
 * Source: ITU-T T.81, B.2.3 and G.1.1.1.
 */
export function checkScans(
  progressive: boolean,
  components: readonly ScanComponent[],
  tables: ReadonlySet<number>,
): ScanChecker {
  // For each component and coefficient, the lowest bit that has come; −1 before.
  const lowest = new Map(components.map(({ id }) => [id, new Int8Array(64).fill(-1)]));
  let scans = 0;
  return {
    add(data) {
      if (++scans > maxScans) throw new BrokenImageError(`the JPEG has more than ${maxScans} scans`);
      const ids = Array.from({ length: data[0] as number }, (_, i) => data[1 + 2 * i]);
      const scanned = components.filter(({ id }) => ids.includes(id));
      const blocks = scanned.reduce((sum, { across, down }) => sum + across * down, 0);
      const fits = scanned.length === ids.length && (ids.length === 1 || blocks <= maxBlocks);
      if (ids.length === 0 || data.length !== 4 + 2 * ids.length || !fits) {
        throw new BrokenImageError('the JPEG has a scan that does not fit its frame');
      }
      const [first = 0, last = 0, bit = 0] = progressive ? data.subarray(-3) : [0, 63, 0];
      const [before, now] = [bit >> 4 || -1, bit & 15];
      let inTurn = now < 14 && (before === -1 || now === before - 1);
      if (progressive) inTurn &&= first === 0 ? last === 0 : first <= last && last < 64 && ids.length === 1;
      for (const { id } of scanned) {
        const bits = lowest.get(id) as Int8Array;
        inTurn &&= first === 0 || bits[0] !== -1;
        inTurn &&= bits.subarray(first, last + 1).every((each) => each === before);
        bits.fill(now, first, last + 1);
      }
      if (!inTurn) throw new BrokenImageError('the JPEG has a scan out of turn');
      const needed = ids.flatMap((_, i) => tablesOf(data[2 + 2 * i] as number, first, last, before));
      if (!needed.every((table) => tables.has(table))) {
        throw new BrokenImageError('the JPEG has a scan without its Huffman table');
      }
    },
    finish() {
      const isComplete = [...lowest.values()].every((bits) => bits.every((bit) => bit === 0));
      if (!isComplete) throw new BrokenImageError('the JPEG lacks a scan of one of its components');
    },
  };
}

/** The tables of a component that a scan uses. Later bits of means have no code. */
function tablesOf(numbers: number, first: number, last: number, before: number): number[] {
  const [means, others] = [numbers >> 4, 16 + (numbers & 15)];
  return [...(first === 0 && before === -1 ? [means] : []), ...(last > 0 ? [others] : [])];
}

/** The numbers of the tables that a segment defines, as `checkScans` takes them. Source: ITU-T T.81, B.2.4.2. */
export function* tablesIn(data: Uint8Array): Generator<number> {
  for (let at = 0; at < data.length; ) {
    yield data[at] as number;
    at += 17 + data.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
  }
}
