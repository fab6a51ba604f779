import type { App } from './app.js';
import { el } from './ui/dom.js';
import { draggable } from './ui/drag.js';
import { picture } from './ui/screen.js';

/** The kept faces at the foot of the page. A face can be dragged to a tab; a click removes it. */
export function mountShelf(shelf: HTMLElement, app: App): void {
  const refresh = () => {
    const faces = app.kept.map((image, i) => {
      const title = `Remove kept face ${i + 1}`;
      const button = el('button', { type: 'button', title }, picture(image, '', 2));
      button.addEventListener('click', () => app.letGo(image));
      draggable(button, image, `Kept ${i + 1}`);
      return button;
    });
    shelf.replaceChildren(
      ...(faces.length > 0 ? faces : [el('span', { className: 'note' }, 'No face kept yet')]),
    );
  };
  app.onKept(refresh);
  refresh();
}
