import { el } from './dom.js';

export interface Segments<Value extends string> {
  readonly element: HTMLElement;
  readonly value: Value;
}

let count = 0;

export interface SegmentsOptions<Value extends string> {
  readonly label: string;
  /** Each value with its title. */
  readonly options: readonly (readonly [value: Value, title: string])[];
  readonly value: Value;
  readonly onChange?: () => void;
}

/** A choice of one of a few values, side by side. */
export function segments<Value extends string>(given: SegmentsOptions<Value>): Segments<Value> {
  const { label, options, onChange = () => {} } = given;
  const name = `segments-${count++}`;
  const inputs = options.map(([value]) =>
    el('input', { type: 'radio', name, value, checked: value === given.value, onchange: onChange }),
  );
  const labels = inputs.map((input, i) => el('label', {}, input, el('span', {}, options[i]?.[1] as string)));
  return {
    element: el('fieldset', { className: 'segments' }, el('legend', {}, label), ...labels),
    get value() {
      return inputs.find(({ checked }) => checked)?.value as Value;
    },
  };
}
