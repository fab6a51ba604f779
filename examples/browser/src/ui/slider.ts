import { el } from './dom.js';

export interface Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  value: number;
}

export interface SliderOptions {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  /** Formats the value beside the slider; default two decimals. */
  readonly format?: (value: number) => string;
  readonly onInput: (value: number) => void;
}

/** A labelled range with its value beside it. Setting `value` does not call `onInput`. */
export function slider({
  label,
  min,
  max,
  step,
  value,
  format = twoDecimals,
  onInput,
}: SliderOptions): Slider {
  const input = el('input', { type: 'range' });
  Object.assign(input, { min: String(min), max: String(max), step: String(step), value: String(value) });
  const output = el('output', { attributes: { 'aria-live': 'off' } });
  const refresh = () => {
    output.textContent = format(input.valueAsNumber);
    input.setAttribute('aria-valuetext', format(input.valueAsNumber));
    input.style.setProperty('--filled', String((input.valueAsNumber - min) / (max - min)));
  };
  input.addEventListener('input', () => {
    refresh();
    onInput(input.valueAsNumber);
  });
  refresh();
  return {
    element: el('label', { className: 'slider' }, el('span', {}, label), input, output),
    input,
    get value() {
      return input.valueAsNumber;
    },
    set value(next) {
      input.value = String(next);
      refresh();
    },
  };
}

const twoDecimals = (value: number) => value.toFixed(2);
