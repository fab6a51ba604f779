// Defects of surfaces, and where they are. A stronger contrast makes each easier to see.
import { isMissing } from './surfaces.mjs';

/** Which defects a surface may have. */
export const defectsOf = {
  woven: ['scratch', 'stain', 'missing thread'],
  printed: ['scratch', 'stain', 'misprint'],
  machined: ['scratch', 'stain', 'dent'],
};

const between = (random, low, high) => low + random.uniform() * (high - low);
const sign = (random) => (random.uniform() < 0.5 ? -1 : 1);

/**
 * A defect in a picture of a side: `options` for the surface's colours, `change` of a colour that has been drawn, and
 * `covers`, whether a place belongs to it. Each may be left out but the last.
 */
const kinds = {
  /** A thin, slightly bent line, darker or lighter. */
  scratch(_, side, contrast, random) {
    const angle = between(random, 0, Math.PI);
    const length = between(random, side * 0.25, side * 0.6);
    const bend = between(random, -0.01, 0.01);
    const half = between(random, 0.5, 0.9);
    const middle = [between(random, side * 0.3, side * 0.7), between(random, side * 0.3, side * 0.7)];
    const by = sign(random) * contrast;
    const distance = (x, y) => {
      const [dx, dy] = [x - middle[0], y - middle[1]];
      const along = dx * Math.cos(angle) + dy * Math.sin(angle);
      const across = dy * Math.cos(angle) - dx * Math.sin(angle) - bend * along * along;
      return Math.hypot(Math.max(0, Math.abs(along) - length / 2), across);
    };
    return {
      change: (colour, x, y) => {
        const share = Math.max(0, 1 - Math.max(0, distance(x, y) - half));
        return colour.map((value) => value + by * share);
      },
      covers: (x, y) => distance(x, y) <= half + 0.5,
    };
  },

  /** A brownish blot with a soft, uneven edge. */
  stain(_, side, contrast, random) {
    const middle = [between(random, side * 0.2, side * 0.8), between(random, side * 0.2, side * 0.8)];
    const radius = between(random, side * 0.07, side * 0.15);
    const waves = [2, 3, 5].map((order) => [
      order,
      between(random, 0, 0.12),
      between(random, 0, 2 * Math.PI),
    ]);
    const edge = (x, y) => {
      const angle = Math.atan2(y - middle[1], x - middle[0]);
      const wave = waves.reduce(
        (sum, [order, size, phase]) => sum + size * Math.cos(order * angle + phase),
        1,
      );
      return Math.hypot(x - middle[0], y - middle[1]) - radius * wave;
    };
    const tint = [0.5, 0.38, 0.2];
    return {
      change: (colour, x, y) => {
        const share = contrast / (1 + Math.exp(edge(x, y) / 0.8));
        return colour.map((value, c) => value + (tint[c] - value) * share);
      },
      covers: (x, y) => edge(x, y) <= 0,
    };
  },

  'missing thread'(cloth, side, contrast, random) {
    const direction = random.below(2);
    const at = cloth.place(between(random, side * 0.3, side * 0.7), between(random, side * 0.3, side * 0.7));
    const length = between(random, 3, 6);
    const along = at[1 - direction];
    const gap = {
      ...{ direction, index: Math.floor(at[direction]), shadow: contrast },
      ...{ from: along - length / 2, to: along + length / 2 },
    };
    return { options: gap, covers: (x, y) => isMissing(cloth.place(x, y), gap) };
  },

  /** One motif, moved and printed with the wrong ink. */
  misprint(print, side, contrast, random) {
    const at = print.place(between(random, side * 0.3, side * 0.7), between(random, side * 0.3, side * 0.7));
    const [column, row] = at.map((value) => Math.floor(value / print.pitch));
    const angle = between(random, 0, 2 * Math.PI);
    const by = [Math.cos(angle), Math.sin(angle)].map((value) => value * between(random, 1, 3));
    return {
      options: { column, row, by, share: contrast },
      covers: (x, y) => {
        const [u, v] = print.place(x, y).map((value) => value / print.pitch);
        if (Math.floor(u) !== column || Math.floor(v) !== row) return false;
        return Math.hypot(u - column - 0.5, v - row - 0.5) * print.pitch <= 5.6;
      },
    };
  },

  /** A shallow bump: light on one side, shadow on the other, and the arcs bend around it. */
  dent(_, side, contrast, random) {
    const middle = [between(random, side * 0.2, side * 0.8), between(random, side * 0.2, side * 0.8)];
    const width = between(random, side * 0.04, side * 0.08);
    const light = between(random, 0, 2 * Math.PI);
    const bump = (x, y) => {
      const [dx, dy] = [(x - middle[0]) / width, (y - middle[1]) / width];
      const height = Math.exp(-(dx * dx + dy * dy) / 2);
      return [contrast * height * (dx * Math.cos(light) + dy * Math.sin(light)), contrast * 2 * height];
    };
    return {
      options: bump,
      covers: (x, y) => Math.hypot(x - middle[0], y - middle[1]) <= 1.7 * width,
    };
  },
};

/** A defect of a surface that has been drawn. */
export const drawDefect = (kind, surface, side, contrast, random) =>
  kinds[kind](surface, side, contrast, random);
