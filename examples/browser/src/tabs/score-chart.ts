import type { RawImage, Score } from '@glow-onnx/runtime';
import { el } from '../ui/dom.js';
import { picture } from '../ui/screen.js';
import type { Histogram } from './verdict.js';

/** Bits/dim at the right end. Images with more bits are shown there. */
const mostBits = 128;
const leastBits = 1 / 8;
/** Width and height of an image's place in CSS pixels, and the number of places above each other. */
const tile = 40;
const lanes = 5;

export interface Suspect {
  readonly name: string;
  readonly image: RawImage;
  readonly score: Score;
}

/**
 * A histogram of held-out images by bits/dim, with images at their scores. The axis is logarithmic, so the height of a
 * bar is the number of images per doubling of the bits.
 */
export function scoreChart(onChoose: (suspect: Suspect) => void) {
  const places = el('div', {
    className: 'places',
    role: 'group',
    ariaLabel: 'Images by bits per value',
  });
  const bars = el('div', { className: 'bars' });
  const axis = el('div', { className: 'axis' });
  let suspects: { readonly button: HTMLElement; readonly suspect: Suspect }[] = [];
  let marked: Suspect | undefined;
  let leastLog = -1;
  const placeOf = (bits: number) => {
    const shown = Math.min(Math.max(bits, 2 ** leastLog), mostBits);
    return (Math.log2(shown) - leastLog) / (Math.log2(mostBits) - leastLog);
  };

  function setHistogram({ from, to, counts }: Histogram): void {
    leastLog = Math.floor(Math.log2(Math.max(from, leastBits)));
    const edge = (i: number) => placeOf(from + ((to - from) * i) / counts.length);
    const heights = counts.map((count, i) => count / (edge(i + 1) - edge(i)));
    const highest = Math.max(...heights);
    const barOf = (height: number, i: number) =>
      at(edge(i), { width: percent(edge(i + 1) - edge(i)), height: percent(height / highest) });
    bars.replaceChildren(...heights.map(barOf));
    const ticks = Array.from({ length: Math.log2(mostBits) - leastLog + 1 }, (_, i) => 2 ** (leastLog + i));
    axis.replaceChildren(...ticks.map((bits) => at(placeOf(bits), {}, `${bits}`)));
  }

  /** Puts each image above its bits, in the lowest free lane. */
  function arrange(): void {
    const width = places.clientWidth;
    const taken: number[][] = Array.from({ length: lanes }, () => []);
    for (const { button, suspect } of suspects) {
      const left = Math.min(Math.max(placeOf(suspect.score.bitsPerDim) * width - tile / 2, 0), width - tile);
      const free = taken.findIndex((lane) => lane.every((other) => Math.abs(other - left) >= tile));
      const lane = Math.max(free, 0);
      taken[lane]?.push(left);
      button.style.left = `${left}px`;
      button.style.bottom = `${lane * tile}px`;
    }
  }
  function buttonOf(suspect: Suspect): HTMLElement {
    const label = `${suspect.name}: ${suspect.score.bitsPerDim.toFixed(2)} bits per value`;
    const onclick = () => onChoose(suspect);
    return el(
      'button',
      { type: 'button', title: label, ariaLabel: label, onclick },
      picture(suspect.image, '', 32),
    );
  }
  function markButtons(): void {
    for (const { button, suspect } of suspects) {
      button.setAttribute('aria-pressed', String(suspect === marked));
    }
  }
  places.style.height = `${lanes * tile}px`;
  new ResizeObserver(arrange).observe(places);

  return {
    element: el('div', { className: 'score-chart' }, places, bars, axis),
    setHistogram,
    /** Replaces the shown images. */
    show(shown: readonly Suspect[]) {
      const sorted = [...shown].sort((a, b) => a.score.bitsPerDim - b.score.bitsPerDim);
      suspects = sorted.map((suspect) => ({ suspect, button: buttonOf(suspect) }));
      places.replaceChildren(...suspects.map(({ button }) => button));
      arrange();
      markButtons();
    },
    mark(suspect: Suspect) {
      marked = suspect;
      markButtons();
    },
  };
}

const percent = (part: number) => `${100 * part}%`;

function at(place: number, style: Partial<CSSStyleDeclaration>, text = ''): HTMLElement {
  const span = el('span', {}, text);
  Object.assign(span.style, { left: percent(place), ...style });
  return span;
}
