/** Bytes that a file may ask for, so that a small file cannot fill the memory. */
export interface Budget {
  /** @throws RangeError if all that was asked for is more than the file can honestly hold. */
  take(bytes: number, what: string): void;
}

/** An honest file has more bytes for a tensor, so a few bytes that refer to tensors again and again are not free. */
export const tensorBytes = 2 ** 10;

/** Small models of many zeros compress well: this much is always free. */
const FREE = 2 ** 26;
/** Weights hardly compress, and few tensors share their numbers. */
const TIMES_FILE = 16;

/** 64 MiB and 16 times the size of the file. */
export function budgetOf(fileBytes: number): Budget {
  const limit = FREE + TIMES_FILE * fileBytes;
  let taken = 0;
  return {
    take(bytes, what) {
      taken += bytes;
      if (taken <= limit) return;
      throw new RangeError(
        `${what} would take more than ${limit} bytes, which is more than a file of ${fileBytes} bytes can hold; ` +
          'the file is damaged or made to fill the memory',
      );
    },
  };
}
