import { drawImage } from '@glow-onnx/runtime';

/** An element with properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A picture as the model sees it. */
export function thumbnail(image, label) {
  const canvas = element('canvas', { role: 'img', ariaLabel: label });
  drawImage(image, canvas);
  return canvas;
}

/**
 * The list of classes in the page. A picture is { source, image }: what was given, and what the model sees of it.
 * @param {HTMLElement} list
 * @param {(sources: Iterable<File>) => Promise<object[]>} open reads files that were given to a class
 * @param {() => void} onChange
 */
export function classList(list, open, onChange) {
  const classes = []; // { name, pictures, card, shown }
  const drop = (one) => {
    classes.splice(classes.indexOf(one), 1);
    one.card.remove();
    onChange();
  };
  const show = (one) => {
    one.shown.replaceChildren(
      ...one.pictures.map(({ image }, i) => thumbnail(image, `${one.name}, picture ${i + 1}`)),
    );
  };
  const add = (name, pictures = []) => {
    const one = { name, pictures, shown: element('div', { className: 'pictures' }) };
    const input = element('input', { value: name, ariaLabel: 'Name of the class' });
    const files = element('input', { type: 'file', accept: 'image/*', multiple: true });
    input.onchange = () => {
      one.name = input.value.trim() || one.name;
      input.value = one.name;
      onChange();
    };
    files.onchange = async () => {
      one.pictures.push(...(await open(files.files)));
      files.value = '';
      show(one);
      onChange();
    };
    const remove = element('button', { type: 'button', textContent: '✕', ariaLabel: `Remove ${name}` });
    remove.onclick = () => drop(one);
    const choose = element('label', { className: 'button' }, 'Pictures', files);
    const row = element('div', { className: 'row' }, input, choose, remove);
    one.card = element('li', {}, row, one.shown);
    classes.push(one);
    list.append(one.card);
    show(one);
    onChange();
  };
  return {
    classes,
    add,
    show,
    clear: () => {
      for (const one of [...classes]) drop(one);
    },
  };
}
