// Drawn surfaces without end: cloth, print and turned metal. No two pictures are alike, and each is good.

/** A surface is drawn by its name; a picture of it is colours [r, g, b] from 0 to 1 at any place. */
export const surfaces = { woven, printed, machined };

const mix = (a, b, share) => a.map((value, c) => value + (b[c] - value) * share);
const times = (colour, factor) => colour.map((value) => value * factor);
const smoothstep = (from, to, x) => {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
};
/** Distance from the middle of the nearest whole number's cell, −½ to ½. */
const fromMiddle = (x) => x - Math.floor(x) - 0.5;

/** A smooth curve through random numbers one unit apart, which it draws when it first needs them. */
function noiseLine(random, deviation) {
  const values = new Map();
  const at = (index) => {
    if (!values.has(index)) values.set(index, random.normal() * deviation);
    return values.get(index);
  };
  return Object.assign(
    (x) => {
      const [i, t] = [Math.floor(x), x - Math.floor(x)];
      return at(i) + (at(i + 1) - at(i)) * t * t * (3 - 2 * t);
    },
    { at },
  );
}

/**
 * Plain weave, threads six pixels apart, each of its own brightness and slightly uneven.
 * `gap`: { direction: 0 | 1, index, from, to, shadow }: a thread that is missing between two places along it, and by
 * how much the threads below are darker.
 */
function woven(random) {
  const pitch = 6;
  const angle = (random.uniform() - 0.5) * 0.1;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const shift = [random.uniform() * pitch, random.uniform() * pitch];
  const colours = [
    [0.34, 0.42, 0.6],
    [0.78, 0.74, 0.66],
  ];
  const brightness = [noiseLine(random, 0.06), noiseLine(random, 0.06)];
  const sway = [noiseLine(random, 0.07), noiseLine(random, 0.07)];
  const light = 0.95 + random.uniform() * 0.1;

  /** Places in threads: across the warp, across the weft. */
  const place = (x, y) => {
    const [u, v] = [(x * cos + y * sin + shift[0]) / pitch, (y * cos - x * sin + shift[1]) / pitch];
    return [u + sway[0](v / 2), v + sway[1](u / 2)];
  };
  const thread = (direction, across, along) => {
    const shade = Math.cos(Math.PI * fromMiddle(across)) ** 0.7;
    const bulge = 0.75 + 0.25 * Math.cos(Math.PI * fromMiddle(along));
    return times(colours[direction], (1 + brightness[direction].at(Math.floor(across))) * shade * bulge);
  };
  return {
    place,
    pitch,
    colour(x, y, gap) {
      const at = place(x, y);
      const top = (Math.floor(at[0]) + Math.floor(at[1])) % 2 === 0 ? 0 : 1;
      if (!gap || !isMissing(at, gap)) return times(thread(top, at[top], at[1 - top]), light);
      const below = thread(1 - gap.direction, at[1 - gap.direction], at[gap.direction]);
      return times(below, light * (1 - gap.shadow));
    },
  };
}

/** Whether a place of cloth belongs to the missing thread. */
export function isMissing(at, { direction, index, from, to }) {
  const along = at[1 - direction];
  return Math.floor(at[direction]) === index && along >= from && along <= to;
}

/**
 * Motifs of two inks, twelve pixels apart, on grained paper. The second plate is never exactly in register.
 * `slip`: { column, row, by: [x, y], share }: a cell whose motif is moved by pixels, and in part printed with the second
 * ink.
 */
function printed(random) {
  const pitch = 12;
  const angle = (random.uniform() - 0.5) * 0.06;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const shift = [random.uniform() * pitch, random.uniform() * pitch];
  const register = [(random.uniform() - 0.5) * 1.2, (random.uniform() - 0.5) * 1.2];
  const paper = [0.95, 0.93, 0.88];
  const inks = [
    [0.13, 0.36, 0.52],
    [0.82, 0.32, 0.26],
  ];
  const density = [noiseLine(random, 0.06), noiseLine(random, 0.06)];
  const grain = noiseLine(random, 0.015);

  const place = (x, y) => [x * cos + y * sin + shift[0], y * cos - x * sin + shift[1]];
  /** Cover of the first ink at a place of its cell, from its middle: a ring and a dot. */
  const ring = (x, y) => {
    const radius = Math.hypot(x, y);
    return Math.max(1 - smoothstep(0.7, 1.5, Math.abs(radius - 3.6)), 1 - smoothstep(0.6, 1.4, radius));
  };
  /** Cover of the second ink: dots between the rings. */
  const dot = (x, y) => 1 - smoothstep(1.2, 2.1, Math.hypot(x, y));
  return {
    place,
    pitch,
    colour(x, y, slip) {
      const [u, v] = place(x, y);
      const [column, row] = [Math.floor(u / pitch), Math.floor(v / pitch)];
      const cell = [fromMiddle(u / pitch) * pitch, fromMiddle(v / pitch) * pitch];
      const { by, share } = slip?.column === column && slip.row === row ? slip : { by: [0, 0], share: 0 };
      const first = ring(cell[0] - by[0], cell[1] - by[1]);
      const second = dot(
        fromMiddle((u + register[0]) / pitch + 0.5) * pitch,
        fromMiddle((v + register[1]) / pitch + 0.5) * pitch,
      );
      const sheet = times(paper, 1 + grain(x * 0.7 + y * 1.3));
      const one = mix(sheet, mix(...inks, share), Math.min(1, first * (0.92 + density[0](u / 20))));
      return mix(one, inks[1], Math.min(1, second * (0.9 + density[1](v / 20))));
    },
  };
}

/**
 * Turned metal: arcs about a centre outside of the picture, three pixels apart, each of its own depth, in oblique light.
 * `bump`: a function from a place to [change of brightness, move across the arcs in pixels].
 */
function machined(random) {
  const pitch = 3;
  const direction = random.uniform() * 2 * Math.PI;
  const distance = 90 + random.uniform() * 80;
  const centre = [Math.cos(direction) * distance, Math.sin(direction) * distance];
  const depth = noiseLine(random, 0.35);
  const tool = noiseLine(random, 0.035);
  const phase = random.uniform() * pitch;
  const slope = [(random.uniform() - 0.5) * 0.003, (random.uniform() - 0.5) * 0.003];
  const metal = [0.56, 0.57, 0.58];

  return {
    pitch,
    colour(x, y, bump) {
      const [shade, move] = bump ? bump(x, y) : [0, 0];
      const radius = Math.hypot(x - centre[0], y - centre[1]) + phase + move;
      const groove = Math.cos((2 * Math.PI * radius) / pitch) * (1 + depth.at(Math.round(radius / pitch)));
      const angle = Math.atan2(y - centre[1], x - centre[0]) * distance;
      const streak = tool(radius * 1.7) + tool(radius * 0.6 + angle * 0.02 + 1000);
      const bright = 1 + 0.09 * groove + streak + slope[0] * x + slope[1] * y + shade;
      return times(metal, bright);
    },
  };
}
