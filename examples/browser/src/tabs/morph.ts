import type { App } from '../app.js';
import { el } from '../ui/dom.js';

export function mountMorph(panel: HTMLElement, app: App): void {
  panel.append(el('p', {}, `Soon, with ${app.faces.length} faces.`));
}
