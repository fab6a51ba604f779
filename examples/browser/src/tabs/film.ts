import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import { picture } from '../ui/screen.js';
import { slider } from '../ui/slider.js';

const frameMs = 100;
/** Ticks for which the film rests at each end. */
const rest = 5;

/** Shows images as a film that runs forwards and backwards, and as a strip. Starts by itself, unless the user prefers less motion. */
export function createFilm({ screen, ended, words }: App) {
  let images: readonly RawImage[] = [];
  let playing = false;
  let tick = 0;
  const stage = screen(`The current ${words.one}`, 256);
  const strip = el('div', {
    className: 'strip',
    tabIndex: 0,
    role: 'group',
    ariaLabel: `All ${words.many} of the morph`,
  });
  const toggle = el('button', { type: 'button', className: 'toggle', onclick: () => play(!playing) });
  const onInput = (value: number) => stopAt(value - 1);
  const format = (value: number) => `${value} of ${images.length}`;
  const place = slider({ label: 'Position', min: 1, max: 2, step: 1, value: 1, format, onInput });

  function draw(index: number): void {
    stage.show(images[index] as RawImage);
    for (const [i, frame] of [...strip.children].entries()) frame.classList.toggle('now', i === index);
    const { offsetLeft, offsetWidth } = strip.children[index] as HTMLElement;
    strip.scrollLeft = offsetLeft + offsetWidth / 2 - strip.clientWidth / 2;
  }
  function play(on: boolean): void {
    playing = on;
    toggle.textContent = on ? 'Pause' : 'Play';
  }
  function stopAt(index: number): void {
    play(false);
    tick = rest + index;
    place.value = index + 1;
    draw(index);
  }
  function advance(): void {
    if (!playing || images.length === 0 || !stage.canvas.checkVisibility()) return;
    tick = (tick + 1) % ticksOf(images.length);
    const index = frameAt(tick, images.length);
    place.value = index + 1;
    draw(index);
  }
  strip.addEventListener('click', ({ target }) => {
    const index = [...strip.children].indexOf(target as Element);
    if (index >= 0) stopAt(index);
  });
  play(!matchMedia('(prefers-reduced-motion: reduce)').matches);
  const timer = setInterval(advance, frameMs);
  ended.addEventListener('abort', () => clearInterval(timer));

  return {
    canvas: stage.canvas,
    strip,
    controls: [toggle, place.element],
    get images() {
      return images;
    },
    get current() {
      return images[place.value - 1] as RawImage;
    },
    show(next: readonly RawImage[]) {
      const at = images.length > 1 ? (place.value - 1) / (images.length - 1) : 0.5;
      images = next;
      place.input.max = String(next.length);
      place.value = Math.round(at * (next.length - 1)) + 1;
      strip.replaceChildren(...next.map((image, i) => picture(image, `Step ${i + 1}`, 48)));
      draw(place.value - 1);
    },
  };
}

/** The ticks of one run forwards and backwards, with a rest at each end. */
const ticksOf = (frames: number) => 2 * (frames - 1 + rest);

function frameAt(tick: number, frames: number): number {
  const half = ticksOf(frames) / 2;
  const there = Math.min(Math.max((tick % half) - rest, 0), frames - 1);
  return tick < half ? there : frames - 1 - there;
}
