import type { GlowModel } from '@glow-onnx/runtime';
import { classNamesOf } from './model/for-class.js';
import { findModel, type ModelFolder, readFileList } from './model/model-folder.js';
import { el } from './ui/dom.js';

interface ModelBarOptions {
  readonly onFolder: (folder: ModelFolder) => void;
  readonly onHome: () => void;
  readonly onClass: (label: number) => void;
  readonly onError: (error: unknown) => void;
}

/** The line that says which model is in use, with the input for a model of the user. */
export function mountModelBar(form: HTMLFormElement, options: ModelBarOptions) {
  const name = el('p', { className: 'model-name' });
  const folder = el('input', { type: 'file', className: 'file', webkitdirectory: true });
  folder.addEventListener('change', () => {
    try {
      if (folder.files?.length) options.onFolder(findModel(readFileList(folder.files)));
    } catch (error) {
      options.onError(error);
    }
    folder.value = '';
  });
  const home = el('button', { type: 'button', hidden: true, onclick: options.onHome });
  const select = el('select', {});
  select.addEventListener('change', () => options.onClass(select.selectedIndex));
  const classes = el('label', { className: 'field', hidden: true }, el('span', {}, 'Class'), select);
  const pick = el('label', { className: 'drop pick-folder' }, folder, el('span', {}, 'Open a model'));
  pick.title = 'A model of your own: choose or drop the folder that "glow-onnx export" has written';
  form.append(name, classes, home, pick);

  return {
    /** Shows the model in use. @param homeName the name of the page's own model, if this is another. */
    show(title: string, { channels, height, width }: GlowModel['config'], homeName?: string): void {
      const colours = { 1: 'grey', 3: 'colour' }[channels] ?? `${channels} channels`;
      name.replaceChildren('Model: ', el('strong', {}, title), ` · ${width}×${height}, ${colours}`);
      home.hidden = homeName === undefined;
      home.textContent = `Back to ${homeName}`;
    },
    /** Offers the classes of a model; nothing if it has none. */
    showClasses(model: GlowModel): void {
      const names = classNamesOf(model);
      classes.hidden = names.length === 0;
      select.replaceChildren(...names.map((text) => el('option', {}, text)));
    },
  };
}
