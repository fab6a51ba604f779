import type { Coefficients } from './decode-scan.js';
import { uint16 } from './uint16.js';

export interface Component {
  readonly id: number;
  /** Its quantisation table, by number. */
  readonly table: number;
  readonly coefficients: Coefficients;
  /** Its quantisation table in natural order, as it was when the component's first scan began. */
  steps?: Uint16Array | undefined;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly progressive: boolean;
  /** Units of a row and of a column: each has the blocks of all components for the same pixels. */
  readonly units: { readonly across: number; readonly down: number };
  readonly components: readonly Component[];
}

/** Reads the data of a frame header, and makes room for its coefficients. */
export function readFrame(data: Uint8Array, progressive: boolean): Frame {
  const [height, width] = [uint16(data, 1), uint16(data, 3)];
  const factors = Array.from({ length: data[5] as number }, (_, i) => {
    const [id, factor, table] = data.subarray(6 + 3 * i) as unknown as [number, number, number];
    return { id, table, across: factor >> 4, down: factor & 15 };
  });
  const most = {
    across: Math.max(...factors.map(({ across }) => across)),
    down: Math.max(...factors.map(({ down }) => down)),
  };
  const units = {
    across: Math.ceil(width / (8 * most.across)),
    down: Math.ceil(height / (8 * most.down)),
  };
  const components = factors.map(({ id, table, across, down }) => ({
    id,
    table,
    coefficients: {
      values: new Int16Array(64 * units.across * across * units.down * down),
      stride: units.across * across,
      width: Math.ceil((width * across) / (8 * most.across)),
      height: Math.ceil((height * down) / (8 * most.down)),
      across,
      down,
    },
  }));
  return { width, height, progressive, units, components };
}
