import type { ImageInput, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from './dom.js';
import { acceptDrops, draggable } from './drag.js';
import { picture } from './screen.js';
import { takePicture } from './take-picture.js';

export interface PictureInputOptions {
  /** The purpose of the image, such as 'Left face'. */
  readonly label: string;
  /** Gets the image as the model sees it, 16×16. */
  readonly onPick: (image: RawImage, name: string) => void | Promise<void>;
  /** Faces to choose from; default the first six of the page. */
  readonly faces?: readonly RawImage[];
}

/**
 * The input for an image: dropped, chosen from disk, a face of the page or a kept face. If a file is not an image, the
 * reason appears beside the input and in the status line.
 */
export function pictureInput(app: App, { label, onPick, faces }: PictureInputOptions): HTMLElement {
  const shipped = faces ?? app.faces.slice(0, 6).map(({ image }) => image);
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
    const button = el('button', { type: 'button', title: name }, picture(image, name, 2));
    button.addEventListener('click', () => take(image, name));
    draggable(button, image, name);
    return button;
  };
  const refresh = () =>
    choice.replaceChildren(
      ...shipped.map((image, i) => offer(image, `Face ${i + 1}`)),
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
