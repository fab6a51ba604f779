import { convertChannels } from '@glow-onnx/flow/pixels';
import type { RawImage } from '@glow-onnx/runtime';
import type { Example } from '../model/examples.js';

/** Something that a link can carry. */
export interface Setting {
  /** Its value as a text; undefined if a link does not need it or cannot hold it. */
  read(): string | undefined;
  /** Sets it. @returns false if the text is not a value of it; then nothing has changed. */
  restore(text: string): boolean;
  /** What to tell of a link that does not hold it. */
  readonly absence?: string;
}

/** The number in a slider or a number field. */
export function numberIn(input: HTMLInputElement): Setting {
  return {
    read: () => (input.value === '' ? undefined : input.value),
    restore(text) {
      const value = Number(text);
      if (!/^-?\d+(\.\d+)?$/.test(text) || value < Number(input.min) || value > Number(input.max))
        return false;
      input.value = text;
      input.dispatchEvent(new Event('input', { bubbles: true }));
      return true;
    },
  };
}

/** One of the radio buttons in an element. */
export function choiceIn(element: HTMLElement): Setting {
  const radios = () => [...element.querySelectorAll<HTMLInputElement>('input[type=radio]')];
  return {
    read: () => radios().find(({ checked }) => checked)?.value,
    restore(text) {
      const radio = radios().find(({ value }) => value === text);
      if (radio && !radio.checked) radio.click();
      return radio !== undefined;
    },
  };
}

/** An image among the examples of the page, by its number from 1. A picture of the user is not in a link. */
export function exampleIn(
  examples: readonly Example[],
  read: () => RawImage,
  pick: (image: RawImage) => void,
): Setting {
  return {
    read() {
      const bins = binsOf(read());
      const found = examples.findIndex(({ image }) => binsOf(image) === bins);
      return found < 0 ? undefined : String(found + 1);
    },
    restore(text) {
      const example = /^\d+$/.test(text) ? examples[Number(text) - 1] : undefined;
      if (example) pick(example.image);
      return example !== undefined;
    },
    absence: 'Your own picture is not in it: it stays on your device.',
  };
}

/** Two images have the same bins if a model of five bits sees no difference. */
function binsOf({ data, width, height, channels }: RawImage): string {
  const rgb = convertChannels(
    data instanceof Uint8Array ? data : Uint8Array.from(data),
    channels as 1 | 2 | 3 | 4,
    3,
  );
  return `${width}×${height} ${rgb.map((value) => value >> 3).join()}`;
}
