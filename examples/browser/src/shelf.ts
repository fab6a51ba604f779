import type { App } from './app.js';
import { el } from './ui/dom.js';
import { draggable } from './ui/drag.js';
import { picture } from './ui/screen.js';

/** The kept pictures at the foot of the page. A picture can be dragged to a tab; a click removes it. */
export function mountShelf(shelf: HTMLElement, app: App): void {
  const refresh = () => {
    const buttons = app.kept.map((image, i) => {
      const title = `Remove kept ${app.words.one} ${i + 1}`;
      const button = el('button', { type: 'button', title }, picture(image, '', 32));
      button.addEventListener('click', () => app.letGo(image));
      draggable(button, image, `Kept ${i + 1}`);
      return button;
    });
    shelf.replaceChildren(...buttons);
  };
  app.onKept(refresh);
  refresh();
}
