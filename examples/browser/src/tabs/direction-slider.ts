import { numberIn, type Setting } from '../share/settings.js';
import { el } from '../ui/dom.js';
import { slider } from '../ui/slider.js';
import type { Direction } from './directions.js';

export interface DirectionSlider extends Pick<Direction, 'z'> {
  readonly element: HTMLElement;
  strength: number;
  /** For links. 0 needs no place in them. */
  readonly setting: Setting;
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
  const setting = numberIn(strength.input);
  return {
    setting: { ...setting, read: () => (strength.value === 0 ? undefined : setting.read()) },
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
