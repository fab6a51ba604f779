import { el } from './dom.js';
import type { Screen, ScreenSize } from './screen.js';

/** A pixel of an image, by its column and row. */
export interface Pixel {
  readonly x: number;
  readonly y: number;
}

interface PaintBoardOptions extends ScreenSize {
  /** Its label names the keys. */
  readonly screen: Screen;
  /** Diameter of the brush, in pixels of the image. */
  readonly diameter: () => number;
  /** What is at a pixel, for screen readers: 'missing'. */
  readonly stateAt: (pixel: Pixel) => string;
  readonly onBegin: () => void;
  /** Gets each part of a stroke; the first one goes nowhere. */
  readonly onStroke: (from: Pixel, to: Pixel) => void;
  readonly onEnd: () => void;
  readonly onUndo: () => void;
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * A screen to paint on. A stroke is made by mouse, pen or finger, or by keys: arrows move the brush, and it paints
 * while the space bar is down.
 */
export function paintBoard(options: PaintBoardOptions) {
  const { screen, width, height, diameter, stateAt } = options;
  const { canvas } = screen;
  let at: Pixel = { x: width >> 1, y: height >> 1 };
  let isPainting = false;
  const brush = el('div', { className: 'brush', hidden: true });
  const place = el('p', { className: 'note place', attributes: { 'aria-live': 'polite' } });
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'application');
  const hint = 'Paint with mouse or finger. Keys: arrows and space.';
  place.textContent = hint;

  function showBrush(): void {
    const size = diameter();
    const reach = Math.floor(size / 2);
    brush.hidden = false;
    brush.style.left = `${(100 * (at.x - reach)) / width}%`;
    brush.style.top = `${(100 * (at.y - reach)) / height}%`;
    brush.style.width = `${(100 * size) / width}%`;
    brush.style.height = `${(100 * size) / height}%`;
  }
  function begin(): void {
    isPainting = true;
    options.onBegin();
    options.onStroke(at, at);
  }
  function moveTo(next: Pixel): void {
    const from = at;
    at = next;
    if (isPainting) options.onStroke(from, at);
    showBrush();
  }
  function end(): void {
    if (!isPainting) return;
    isPainting = false;
    options.onEnd();
  }
  function pixelAt({ clientX, clientY }: MouseEvent): Pixel {
    const { left, top, width: wide, height: high } = canvas.getBoundingClientRect();
    return {
      x: Math.floor(((clientX - left) / wide) * width),
      y: Math.floor(((clientY - top) / high) * height),
    };
  }
  const tell = () => {
    place.textContent = `Column ${at.x + 1} of ${width}, row ${at.y + 1} of ${height}: ${stateAt(at)}.`;
  };
  const inside = (value: number, count: number) => Math.min(Math.max(value, 0), count - 1);

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    place.textContent = hint;
    at = pixelAt(event);
    begin();
    showBrush();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!event.isPrimary) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length > 0 ? all : [event]) moveTo(pixelAt(one));
  });
  for (const type of ['pointerup', 'pointercancel'] as const) {
    canvas.addEventListener(type, (event) => {
      if (event.isPrimary) end();
    });
  }
  canvas.addEventListener('pointerleave', () => {
    if (!isPainting) brush.hidden = true;
  });
  canvas.addEventListener('keydown', (event) => {
    const arrow = arrows[event.key];
    if (arrow) {
      const [x, y] = arrow;
      moveTo({ x: inside(at.x + x, width), y: inside(at.y + y, height) });
    } else if (event.key === ' ') {
      if (!event.repeat && !isPainting) begin();
    } else if (event.key === 'z' && (event.ctrlKey || event.metaKey)) {
      options.onUndo();
    } else {
      return;
    }
    event.preventDefault(); // the page stays where it is
    tell();
  });
  canvas.addEventListener('keyup', ({ key }) => {
    if (key === ' ') end();
  });
  canvas.addEventListener('focus', () => {
    if (!canvas.matches(':focus-visible')) return;
    at = { x: inside(at.x, width), y: inside(at.y, height) };
    showBrush();
    tell();
  });
  canvas.addEventListener('blur', () => {
    end();
    brush.hidden = true;
    place.textContent = hint;
  });

  return {
    element: el('div', { className: 'board' }, canvas, brush),
    /** The place of the brush in words, for screen readers and for all others. */
    place,
    show: screen.show,
  };
}
