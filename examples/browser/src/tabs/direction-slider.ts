import { el } from '../ui/dom.js';
import { slider } from '../ui/slider.js';
import type { Direction } from './directions.js';

export interface DirectionSlider extends Pick<Direction, 'z'> {
  readonly element: HTMLElement;
  strength: number;
}

/** A slider from −1 to 1 for a direction, with a button back to 0. Setting `strength` does not call `onInput`. */
export function directionSlider(
  { label, ends: [from, to], z }: Direction,
  onInput: () => void,
): DirectionSlider {
  const strength = slider({ label, min: -1, max: 1, step: 0.05, value: 0, format: signed, onInput });
  const reset = el('button', { type: 'button', className: 'reset' }, '0');
  reset.setAttribute('aria-label', `${label}: back to 0`);
  reset.addEventListener('click', () => {
    strength.value = 0;
    onInput();
  });
  const ends = el('div', { className: 'ends', ariaHidden: 'true' }, el('span', {}, from), el('span', {}, to));
  return {
    element: el('div', { className: 'direction' }, strength.element, reset, ends),
    z,
    get strength() {
      return strength.value;
    },
    set strength(value) {
      strength.value = value;
    },
  };
}

const signed = (value: number) => (value > 0 ? '+' : value < 0 ? '−' : '') + Math.abs(value).toFixed(2);
