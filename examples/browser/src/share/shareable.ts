import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import { formatLink, parseLink } from './link.js';
import type { Setting } from './settings.js';

/** The settings of the link that opened the page, until a tab takes them. */
let link = parseLink(location.hash);
addEventListener('hashchange', () => {
  link = parseLink(location.hash);
});

/** Tells of a link to a tab that the page does not have. The page opens its first tab. */
export function tellUnknownTab(known: readonly string[], say: App['say']): void {
  const tell = () => {
    const { tab } = parseLink(location.hash);
    if (tab !== '' && !known.includes(tab)) say('This link leads to no tab of this page.');
  };
  addEventListener('hashchange', tell);
  tell();
}

/**
 * Lets links restore the settings of a tab. A setting that comes later, such as a slider that is loaded, gets its value
 * when it comes. The status line tells of settings that do not fit.
 */
export function shareable(panel: HTMLElement, { say, ended, isHome }: Pick<App, 'say' | 'ended' | 'isHome'>) {
  const tab = panel.dataset.tab as string;
  const settings = new Map<string, Setting>();
  const refused: string[] = [];
  let waiting = new Map<string, string>();
  let isComplete = false;

  function take(): void {
    if (link.tab !== tab) return;
    waiting = new Map(link.settings);
    refused.splice(0, Infinity, ...Array.from({ length: link.leftOut }, () => ''));
    link = { ...link, settings: new Map(), leftOut: 0 }; // once: later mounts of the tab begin as usual
    for (const name of settings.keys()) restore(name);
    if (isComplete) report();
  }
  function restore(name: string): void {
    const text = waiting.get(name);
    waiting.delete(name);
    if (text !== undefined && !settings.get(name)?.restore(text)) refused.push(name);
  }
  function report(): void {
    refused.push(...Array.from(waiting.keys(), () => ''));
    waiting.clear();
    if (refused.length === 0) return;
    const names = refused.filter((name) => name !== '');
    const what = names.length > 0 ? `: ${names.join(', ')}` : '';
    say(`This link has settings that do not fit this page${what}. They are left out.`);
    refused.length = 0;
  }
  async function copy(): Promise<void> {
    const known = new Map<string, string>();
    const absent = new Set(isHome ? [] : [' It opens the model of the page, not yours.']);
    for (const [name, setting] of settings) {
      const value = setting.read();
      if (value !== undefined) known.set(name, value);
      else if (setting.absence) absent.add(` ${setting.absence}`);
    }
    const address = new URL(formatLink({ tab, settings: known }), location.href);
    history.replaceState(null, '', address);
    const note = [...absent].join('');
    try {
      await navigator.clipboard.writeText(address.href);
      say(`The link is copied.${note}`);
    } catch {
      say(`The link is in the address bar: copy it from there.${note}`);
    }
  }
  addEventListener('hashchange', take, { signal: ended });
  take();

  return {
    /** Copies a link to this tab as it is now. */
    button: el('button', { type: 'button', onclick: copy }, 'Copy link'),
    add(name: string, setting: Setting): void {
      settings.set(name, setting);
      restore(name);
    },
    /** Call it after the last setting. */
    complete(): void {
      isComplete = true;
      report();
    },
  };
}
