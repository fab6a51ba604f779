import type { LatentLevel, RawImage } from '@glow-onnx/runtime';

/** Shapes of the latents of a 16×16 face at three levels: channels, height, width. */
export const faceLevels = [
  [6, 8, 8],
  [12, 4, 4],
  [48, 2, 2],
] as const satisfies readonly LatentLevel['shape'][];

/** Colours for latents from −2 to 2: light blue, blue, dark, red, yellow. */
const palette: readonly (readonly number[])[] = [
  [155, 231, 255],
  [58, 123, 213],
  [35, 25, 66],
  [232, 71, 79],
  [255, 210, 63],
];

/** The layout of a level's channels as tiles: full rows, about as many columns as rows. */
export function latentGrid([channels, height, width]: LatentLevel['shape']) {
  let columns = Math.ceil(Math.sqrt(channels));
  while (channels % columns > 0) columns++;
  const rows = channels / columns;
  return { columns, rows, width: columns * (width + 1) - 1, height: rows * (height + 1) - 1 };
}

/** Draws a level: each channel is a tile, with one transparent pixel between tiles. */
export function latentPicture(level: LatentLevel): RawImage {
  const [, height, width] = level.shape;
  const grid = latentGrid(level.shape);
  const data = new Uint8Array(grid.width * grid.height * 4);
  for (const [i, value] of level.data.entries()) {
    const channel = Math.floor(i / (height * width));
    const y = Math.floor(channel / grid.columns) * (height + 1) + (Math.floor(i / width) % height);
    const x = (channel % grid.columns) * (width + 1) + (i % width);
    data.set([...colourOf(value), 255], (y * grid.width + x) * 4);
  }
  return { data, width: grid.width, height: grid.height, channels: 4 };
}

function colourOf(value: number): number[] {
  const place = Math.min(Math.max(value + 2, 0), 3.999);
  const below = Math.floor(place);
  const [from, to] = [palette[below], palette[below + 1]] as [readonly number[], readonly number[]];
  return from.map((channel, i) => channel + (place - below) * ((to[i] as number) - channel));
}
