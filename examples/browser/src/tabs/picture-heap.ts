import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { picture } from '../ui/screen.js';
import { takePicture } from '../ui/take-picture.js';

interface HeapOptions {
  readonly title: string;
  /** The image that the button adds. */
  readonly image: () => RawImage;
  readonly onChange: () => void;
}

/** A group of images. Images are dropped here or added by a button; a click removes one. */
export function pictureHeap(app: App, { title, image: added, onChange }: HeapOptions) {
  const heading = el('h3');
  const list = el('div', { className: 'heap' });
  let images: readonly RawImage[] = [];

  function replace(next: readonly RawImage[]): void {
    images = next;
    heading.textContent = `${title}: ${images.length}`;
    list.replaceChildren(...images.map(thumbnail));
    onChange();
  }
  function thumbnail(image: RawImage, i: number): HTMLElement {
    const label = `${title}: remove ${app.words.one} ${i + 1}`;
    const button = el('button', { type: 'button', title: label, ariaLabel: label }, picture(image, '', 32));
    button.addEventListener('click', () => {
      replace(images.filter((one) => one !== image));
      ((list.children[Math.min(i, images.length - 1)] as HTMLElement | undefined) ?? add).focus();
    });
    return button;
  }
  const insert = (image: RawImage) => replace([...images, image]);
  const add = el(
    'button',
    { type: 'button', onclick: () => insert(added()) },
    `Add the ${app.words.one} above`,
  );
  const clear = el('button', { type: 'button', onclick: () => replace([]) }, 'Remove all');
  const element = el(
    'div',
    { className: 'heap-zone', role: 'group', ariaLabel: title },
    el('div', { className: 'row' }, heading, add, clear),
    list,
  );
  acceptDrops(element, (dropped) => takePicture(app, dropped, insert));
  heading.textContent = `${title}: 0`;
  return {
    element,
    get images() {
      return images;
    },
    set images(next) {
      replace(next);
    },
  };
}
