import type { ImageInput, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from './dom.js';
import { acceptDrops, draggable } from './drag.js';
import { picture } from './screen.js';
import { takePicture } from './take-picture.js';

export interface PictureInputOptions {
  /** What the picture is for, such as 'Left face'. */
  readonly label: string;
  /** Gets the picture as the model sees it, 16×16. */
  readonly onPick: (image: RawImage, name: string) => void | Promise<void>;
  /** Shipped faces on offer; default the first six. */
  readonly faces?: readonly RawImage[];
}

/**
 * Where a picture comes from: dropped, picked from disk, one of the shipped faces or one that was kept. Files that
 * are no pictures are refused beside it, and in the status line.
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
    el('label', { className: 'drop' }, file, el('span', {}, `${label}: drop a picture, or pick one`)),
    choice,
    refusal,
  );
  acceptDrops(zone, take);
  return zone;
}
