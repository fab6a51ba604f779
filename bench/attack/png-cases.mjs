// PNGs of every kind that the format has, written here byte by byte, with the pixels that they mean.
import { deflateSync } from 'node:zlib';

const depths = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const samplesOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** The parts of a PNG, before they are put together: { chunks: [{ type, data, crc? }], end } and `rgba`. */
export function randomPng(random) {
  const colourType = random.pick([0, 2, 3, 4, 6]);
  const depth = random.pick(depths[colourType]);
  const picture = {
    ...{ colourType, depth, width: random.between(1, 24), height: random.between(1, 24) },
    ...{ samples: samplesOf[colourType], interlaced: random.chance(0.3) },
  };
  const entries = colourType === 3 ? random.between(1, 2 ** depth) : 2 ** depth;
  const values = Array.from({ length: picture.width * picture.height * picture.samples }, () =>
    random.below(random.chance(0.3) ? Math.min(entries, 2) : entries),
  );
  const palette = colourType === 3 ? random.bytes(3 * entries) : undefined;
  const transparency = randomTransparency(random, picture, values, entries);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(picture.width, 0);
  header.writeUInt32BE(picture.height, 4);
  header.set([depth, colourType, 0, 0, picture.interlaced ? 1 : 0], 8);
  const chunks = [
    { type: 'IHDR', data: header },
    ...randomExtras(random),
    ...(palette ? [{ type: 'PLTE', data: palette }] : []),
    ...(transparency ? [{ type: 'tRNS', data: transparency }] : []),
    ...randomAnimation(random, picture),
    ...split(random, deflateSync(filteredRows(random, picture, values), { level: random.below(10) })),
    { type: 'IEND', data: Buffer.alloc(0) },
  ];
  return {
    name: nameOf(picture),
    chunks,
    end: Buffer.alloc(0),
    image: meaning(picture, values, palette, transparency),
  };
}

const nameOf = ({ colourType, depth, interlaced }) =>
  `PNG type ${colourType}, ${depth} bits${interlaced ? ', interlaced' : ''}`;

function randomTransparency(random, { colourType, samples, depth, width, height }, values, entries) {
  if (colourType > 3 || random.chance(0.6)) return undefined;
  if (colourType === 3) return random.bytes(random.between(1, entries));
  const pixel = random.below(width * height);
  const key = Buffer.alloc(2 * samples);
  const high = depth < 16 && random.chance(0.3) ? random.below(2 ** (16 - depth)) * 2 ** depth : 0;
  for (let c = 0; c < samples; c++) key.writeUInt16BE(values[pixel * samples + c] + high, 2 * c);
  return key;
}

/** Chunks that must not change a pixel: colour spaces, texts, and one that nobody knows. */
function randomExtras(random) {
  const iccp = Buffer.concat([Buffer.from('p\0\0', 'latin1'), deflateSync(random.bytes(200))]);
  const all = [
    ['gAMA', Buffer.from([0, 1, 0x86, 0xa0])],
    ['cHRM', Buffer.from('00007a26000080840000fa000000803e0000753000003a980000ea6000001770', 'hex')],
    ['sRGB', Buffer.from([0])],
    ['iCCP', iccp],
    ['cICP', Buffer.from([9, 16, 0, 1])],
    ['pHYs', Buffer.from([0, 0, 0, 1, 0, 0, 0, 2, 0])],
    ['tEXt', Buffer.from('Comment\0hello', 'latin1')],
    ['zzZz', random.bytes(9)],
  ];
  return all.filter(() => random.chance(0.12)).map(([type, data]) => ({ type, data }));
}

/** Marks the PNG as animated. The pixels that follow stay the image without animation. */
function randomAnimation(random, { width, height }) {
  if (random.chance(0.9)) return [];
  const frame = Buffer.alloc(26);
  frame.writeUInt32BE(width, 4);
  frame.writeUInt32BE(height, 8);
  const control = { type: 'acTL', data: Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]) };
  return random.chance(0.5) ? [control, { type: 'fcTL', data: frame }] : [control];
}

/** The compressed pixels in one or many IDAT chunks, some of them empty. */
function split(random, data) {
  const parts = [];
  for (let at = 0; at < data.length; ) {
    const length = random.chance(0.1) ? 0 : random.chance(0.5) ? data.length - at : random.between(1, 40);
    parts.push({ type: 'IDAT', data: data.subarray(at, at + length) });
    at += length;
  }
  return parts;
}

function filteredRows(random, { width, height, samples, depth, interlaced }, values) {
  const step = Math.max((samples * depth) >> 3, 1);
  const out = [];
  for (const [left, top, stepX, stepY] of interlaced ? adam7 : [[0, 0, 1, 1]]) {
    let above;
    for (let y = top; y < height && left < width; y += stepY) {
      const row = [];
      for (let x = left; x < width; x += stepX)
        row.push(...values.slice((y * width + x) * samples, (y * width + x + 1) * samples));
      const bytes = pack(row, depth);
      const filter = random.below(5);
      out.push(filter, ...filterRow(filter, bytes, above ?? bytes.map(() => 0), step));
      above = bytes;
    }
  }
  return Buffer.from(out);
}

function pack(values, depth) {
  if (depth === 16) return values.flatMap((value) => [value >> 8, value & 255]);
  const bits = values.map((value) => value.toString(2).padStart(depth, '0')).join('');
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

/** Source: PNG specification, §9. */
function filterRow(filter, row, above, step) {
  return row.map((value, i) => {
    const [a, b, c] = [row[i - step] ?? 0, above[i], above[i - step] ?? 0];
    const p = a + b - c;
    const [nearest] = [a, b, c].sort((one, other) => Math.abs(p - one) - Math.abs(p - other)); // stable: a, b, c
    return (value - [0, a, b, (a + b) >> 1, nearest][filter]) & 255;
  });
}

/** RGBA as the PNG specification defines it, at 8 bits: of 16 bits the upper 8. */
function meaning({ width, height, colourType, depth, samples }, values, palette, transparency) {
  const to8 = (value) => (depth === 16 ? value >> 8 : (value * 255) / (2 ** depth - 1));
  const rgba = [];
  for (let at = 0; at < values.length; at += samples) {
    const pixel = values.slice(at, at + samples);
    if (colourType === 3) {
      rgba.push(...palette.subarray(3 * pixel[0], 3 * pixel[0] + 3), transparency?.[pixel[0]] ?? 255);
      continue;
    }
    const [first, ...rest] = pixel.map(to8);
    const colours = samples < 3 ? [first, first, first] : [first, rest[0], rest[1]];
    const hidden =
      transparency && pixel.every((value, c) => value === transparency.readUInt16BE(2 * c) % 2 ** depth);
    rgba.push(...colours, samples % 2 === 0 ? rest.at(-1) : hidden ? 0 : 255);
  }
  return { width, height, rgba: Uint8Array.from(rgba) };
}
