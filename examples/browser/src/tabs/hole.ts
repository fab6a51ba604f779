import { createRandom, type RawImage } from '@glow-onnx/runtime';
import type { Pixel } from '../ui/paint-board.js';
import type { ScreenSize } from '../ui/screen.js';

/** Whether a pixel is unknown. */
type Shape = (pixel: Pixel, size: ScreenSize) => boolean;

/** Holes to begin with. What the stripe covers is in the words of the model. */
export const readyHoles = {
  half: ({ x }, { width }) => x < width / 2,
  stripe: ({ y }, { height }) => y >= (5 / 16) * height && y < (9 / 16) * height,
  centre: ({ x, y }, { width, height }) =>
    Math.abs(x + 0.5 - width / 2) < width / 4 && Math.abs(y + 0.5 - height / 2) < height / 4,
  scattered: ({ x, y }, { width }) => createRandom(1, y * width + x).uniform() < 0.5,
} satisfies Readonly<Record<string, Shape>>;

export type ReadyHole = keyof typeof readyHoles;

const mostUndos = 100;

/** The pixels of an image that are unknown: at first those of a ready hole. */
export function createHole(size: ScreenSize, first?: ReadyHole) {
  const { width, height } = size;
  let unknown = pixelsOf(first);
  const past: Uint8Array<ArrayBuffer>[] = [];

  function pixelsOf(name: ReadyHole | undefined): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: width * height }, (_, i) =>
      Number(name !== undefined && readyHoles[name]({ x: i % width, y: Math.floor(i / width) }, size)),
    );
  }
  /** What follows is one change, which `undo` takes back. */
  function begin(): void {
    past.push(unknown.slice());
    if (past.length > mostUndos) past.shift();
  }
  /** A round brush around a pixel; one of an even diameter reaches further to the left and up. */
  function dab({ x, y }: Pixel, diameter: number, value: 0 | 1): void {
    const shift = diameter % 2 === 0 ? 0.5 : 0;
    const reach = Math.floor(diameter / 2);
    for (let row = Math.max(y - reach, 0); row <= Math.min(y + reach, height - 1); row++) {
      for (let column = Math.max(x - reach, 0); column <= Math.min(x + reach, width - 1); column++) {
        const distance = Math.hypot(column - x + shift, row - y + shift);
        if (distance <= diameter / 2) unknown[row * width + column] = value;
      }
    }
  }

  return {
    get count() {
      return unknown.reduce((sum, value) => sum + value, 0);
    },
    get canUndo() {
      return past.length > 0;
    },
    has: ({ x, y }: Pixel) => unknown[y * width + x] === 1,
    begin,
    /** Paints (1) or erases (0) with a brush that moves from one pixel to another, both inside or not. */
    line(from: Pixel, to: Pixel, diameter: number, value: 0 | 1): void {
      const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
      for (let step = 0; step <= steps; step++) {
        const at = (a: number, b: number) => Math.round(a + ((b - a) * step) / steps);
        dab({ x: at(from.x, to.x), y: at(from.y, to.y) }, diameter, value);
      }
    },
    /** Takes a ready hole in place of this one; nothing is unknown without one. */
    replace(name?: ReadyHole): void {
      begin();
      unknown = pixelsOf(name);
    },
    undo(): void {
      unknown = past.pop() ?? unknown;
    },
    /** The mask for `inpaint`: unknown pixels are white. */
    mask: (): RawImage => ({ width, height, channels: 1, data: unknown.map((value) => 255 * value) }),
  };
}

export type Hole = ReturnType<typeof createHole>;
