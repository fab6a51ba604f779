import { parseLink } from '../share/link.js';
import { el } from './dom.js';

export interface Tab {
  readonly id: string;
  readonly title: string;
  /**
   * Fills the panel at the first opening. The panel gets the event `open` at each opening, and `close` when another
   * tab is opened.
   */
  readonly mount: (panel: HTMLElement) => void;
}

export interface TabsOptions {
  readonly tabs: readonly Tab[];
  /** Called when the user opens a tab. */
  readonly onUse: () => void;
}

/**
 * Tabs as in the ARIA Authoring Practices: arrows, Home and End move. The address keeps the tab (`#morph`), and may have settings after a question mark.
 * `mount` fills the open panel, and forgets the others until they are opened. `go` opens a tab.
 */
export function showTabs(list: HTMLElement, panels: HTMLElement, { tabs, onUse }: TabsOptions) {
  const parts = tabs.map((tab) => ({ tab, button: buttonOf(tab), panel: panelOf(tab), mounted: false }));
  list.append(...parts.map(({ button }) => button));
  panels.append(...parts.map(({ panel }) => panel));

  let isFilled = false;

  function open(id: string, focus = false): void {
    const chosen = parts.find(({ tab }) => tab.id === id) ?? parts[0];
    for (const part of parts) {
      const selected = part === chosen;
      part.button.setAttribute('aria-selected', String(selected));
      part.button.tabIndex = selected ? 0 : -1;
      const isLeft = !selected && !part.panel.hidden;
      part.panel.hidden = !selected;
      if (isLeft) part.panel.dispatchEvent(new Event('close'));
      if (!selected) continue;
      if (focus) part.button.focus({ preventScroll: true });
      list.scrollLeft = part.button.offsetLeft - list.offsetLeft - 24;
      if (!isFilled) continue;
      if (!part.mounted) part.tab.mount(part.panel);
      part.mounted = true;
      part.panel.dispatchEvent(new Event('open'));
    }
  }

  list.addEventListener('click', (event) => {
    const button = (event.target as Element).closest('button');
    if (button) go(button.value);
  });
  list.addEventListener('keydown', (event) => {
    const now = parts.findIndex(({ button }) => button === document.activeElement);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    go(parts.at(next % parts.length)?.tab.id as string, true);
  });
  function go(id: string, focus = false): void {
    history.replaceState(null, '', `#${id}`);
    onUse();
    open(id, focus);
  }
  const openByAddress = () => open(parseLink(location.hash).tab);
  globalThis.addEventListener('hashchange', () => {
    onUse();
    openByAddress();
  });
  openByAddress();
  return {
    go,
    ids: tabs.map(({ id }) => id),
    mount(): void {
      isFilled = true;
      for (const part of parts) {
        part.mounted = false;
        part.panel.replaceChildren();
      }
      openByAddress();
    },
  };
}

function buttonOf({ id, title }: Tab): HTMLButtonElement {
  const attributes = { role: 'tab', 'aria-controls': `panel-${id}` };
  return el('button', { id: `tab-${id}`, type: 'button', value: id, attributes }, title);
}

function panelOf({ id }: Tab): HTMLElement {
  const attributes = { role: 'tabpanel', 'aria-labelledby': `tab-${id}`, 'data-tab': id };
  return el('section', { id: `panel-${id}`, tabIndex: 0, hidden: true, attributes });
}
