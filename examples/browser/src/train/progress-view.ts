import { drawImage, imageGrid, type RawImage } from '@glow-onnx/runtime';
import { el } from '../ui/dom.js';
import { createCurve, type Point } from './curve.js';
import type { News } from './messages.js';

type Of<Type extends News['type']> = Extract<News, { type: Type }>;

const columns = 6;
/** CSS pixels of the samples together. */
const samplesBox = 520;
/** Looks in a row without a better score after which the page says what that means. */
const patience = 4;

/** A training as the user sees it: numbers, the curve of its scores, and samples. */
export function createProgressView() {
  const [heldOut, step, speed, device] = [readout(), readout(), readout(), readout()];
  const curve = createCurve();
  const samples = el('canvas', { className: 'screen samples', attributes: { role: 'img' } });
  const words = el('p', { className: 'note' });
  let scores: Point[] = [];
  let losses: Point[] = [];
  let seconds = 0;

  const element = el(
    'div',
    { className: 'progress', hidden: true },
    el(
      'div',
      { className: 'numbers' },
      named('Bits per value, held-out pictures', heldOut),
      named('Steps', step),
      named('Pictures a second', speed),
      named('Runs on', device),
    ),
    el('figure', {}, samples, el('figcaption', {}, 'Pictures that the model draws')),
    el(
      'figure',
      {},
      curve.element,
      el(
        'figcaption',
        {},
        'Bits per value over time: thick, of the held-out pictures; thin, of the pictures it learns from. Lower is better.',
      ),
    ),
    words,
  );

  return {
    element,
    clear(): void {
      [scores, losses, seconds] = [[], [], 0];
      for (const output of [heldOut, step, speed, device]) output.textContent = '…';
      words.textContent = '';
      element.hidden = true;
    },
    opened({ device: name, parameters, training, heldOut: held }: Of<'opened'>): void {
      element.hidden = false;
      device.textContent = name === 'webgpu' ? 'WebGPU' : 'WebAssembly';
      words.textContent = `A model of ${parameters.toLocaleString('en')} numbers learns from ${training} pictures; ${held} are held out and only test it.`;
    },
    progress(news: Of<'progress'>): void {
      seconds = news.seconds;
      losses.push({ seconds, value: news.bitsPerDim });
      step.textContent = `${news.step.toLocaleString('en')} in ${duration(seconds)}`;
      speed.textContent = String(Math.round(news.imagesPerSecond));
      curve.show({ training: losses, heldOut: scores });
    },
    look(news: Of<'look'>): void {
      scores.push({ seconds, value: news.heldOut });
      curve.show({ training: losses, heldOut: scores });
      const [first] = scores as [Point];
      heldOut.textContent =
        scores.length === 1
          ? first.value.toFixed(2)
          : `${news.heldOut.toFixed(2)}, at first ${first.value.toFixed(2)}`;
      const best = scores.reduce((least, point) => (point.value < least.value ? point : least));
      if (scores.length - 1 - scores.indexOf(best) < patience) return;
      words.textContent =
        `The score of the held-out pictures was best after ${duration(best.seconds)} (${best.value.toFixed(2)}). Since then the model ` +
        'learns its own pictures by heart. More time does not help; more pictures do.';
    },
    samples(images: readonly RawImage[]): void {
      drawImage(imageGrid(images, { columns, scale: 1, gap: 1 }), samples);
      samples.style.setProperty('--width', String(samples.width));
      samples.style.setProperty('--height', String(samples.height));
      samples.style.setProperty('--asked', String(samplesBox));
      samples.ariaLabel = `${images.length} pictures that the model draws`;
    },
  };
}

/** 75 → '1:15 min' */
function duration(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
  return minutes === 0 ? `${rest} s` : `${minutes}:${String(rest).padStart(2, '0')} min`;
}

/** A value that screen readers do not speak at each change. */
const readout = () => el('output', { attributes: { 'aria-live': 'off' } }, '…');

const named = (name: string, content: Node) => el('div', {}, el('span', {}, name), content);
