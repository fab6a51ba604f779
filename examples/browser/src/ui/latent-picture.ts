import type { GlowModel, LatentLevel, RawImage } from '@glow-onnx/runtime';

/** The shape of each level's latents, finest first: channels, height, width. */
export function levelShapes({
  channels,
  height,
  width,
  levels,
}: GlowModel['config']): LatentLevel['shape'][] {
  return Array.from({ length: levels }, (_, level) => {
    const isLast = level === levels - 1;
    // A squeeze gives four times the channels; all levels but the last split off half of them.
    return [channels * 2 ** (level + (isLast ? 2 : 1)), height >> (level + 1), width >> (level + 1)] as const;
  });
}

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
