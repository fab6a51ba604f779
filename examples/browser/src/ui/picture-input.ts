import type { ImageInput, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { capitalised } from '../model/words.js';
import { el } from './dom.js';
import { acceptDrops, draggable } from './drag.js';
import { picture } from './screen.js';
import { takePicture } from './take-picture.js';

export interface PictureInputOptions {
  /** The purpose of the image, such as 'Left face'. */
  readonly label: string;
  /** Gets the image as the model sees it. */
  readonly onPick: (image: RawImage, name: string) => void | Promise<void>;
  /** Images to choose from; default the first six examples. */
  readonly examples?: readonly RawImage[];
}

/**
 * The input for an image: dropped, chosen from disk, an example or a kept image. If a file is not an image, the
 * reason appears beside the input and in the status line.
 */
export function pictureInput(app: App, { label, onPick, examples }: PictureInputOptions): HTMLElement {
  const shipped = examples ?? app.examples.slice(0, 6).map(({ image }) => image);
  const refusal = el('p', { className: 'refusal', ariaHidden: 'true' }); // the status line is spoken
  const take = (input: ImageInput, name: string) =>
    takePicture(app, input, (image) => onPick(image, name), refusal);

  const file = el('input', { type: 'file', accept: 'image/png,image/jpeg,image/webp', className: 'file' });
  file.addEventListener('change', () => {
    for (const one of file.files ?? []) take(one, one.name);
    file.value = '';
  });
  const choice = el('div', { className: 'choice' });
  const offer = (image: RawImage, name: string) => {
    const button = el('button', { type: 'button', title: name }, picture(image, name, 48));
    button.addEventListener('click', () => take(image, name));
    draggable(button, image, name);
    return button;
  };
  const refresh = () =>
    choice.replaceChildren(
      ...shipped.map((image, i) => offer(image, `${capitalised(app.words.one)} ${i + 1}`)),
      ...app.kept.slice(0, 6).map((image, i) => offer(image, `Kept ${i + 1}`)),
    );
  refresh();
  app.onKept(refresh);

  const zone = el(
    'div',
    { className: 'picture-input', attributes: { role: 'group', 'aria-label': label } },
    el('label', { className: 'drop' }, file, el('span', {}, `${label}: drop an image, or choose a file`)),
    choice,
    refusal,
  );
  acceptDrops(zone, take);
  return zone;
}
