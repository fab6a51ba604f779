import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { capitalised } from '../model/words.js';
import { withoutPixels } from '../pixels.js';
import type { Setting } from '../share/settings.js';
import { el } from '../ui/dom.js';
import { paintBoard } from '../ui/paint-board.js';
import { slider } from '../ui/slider.js';
import { createHole, type ReadyHole, readyHoles } from './hole.js';

interface HoleEditorOptions {
  /** CSS pixels of the picture. */
  readonly box: number;
  readonly first: ReadyHole;
  /** Called when a change begins, such as a stroke. */
  readonly onBegin: () => void;
  /** Called when it has ended. */
  readonly onEnd: () => void;
}

/** A picture in which the user paints a hole, with brush, eraser, undo and ready holes. */
export function holeEditor(app: App, { box, first, onBegin, onEnd }: HoleEditorOptions) {
  const { width, height } = app.config;
  const { one, stripe } = app.words;
  const longer = Math.max(width, height);
  const hole = createHole(app.config, first);
  let ready: ReadyHole | undefined = first;
  let isErasing = false;
  let picture: RawImage | undefined;

  const brush = slider({
    label: 'Brush',
    min: 1,
    max: Math.max(4, Math.round(longer / 4)),
    step: 1,
    value: Math.max(2, Math.round(longer / 6)),
    format: (value) => `${value} ${value === 1 ? 'pixel' : 'pixels'}`,
    onInput: () => {},
  });
  const label = `The ${one} to paint on: arrow keys move the brush, space paints`;
  const board = paintBoard({
    screen: app.screen(label, box),
    ...{ width, height },
    diameter: () => brush.value,
    stateAt: (pixel) => (hole.has(pixel) ? 'painted over' : 'known'),
    onBegin() {
      onBegin();
      hole.begin();
      setReady(undefined);
    },
    onStroke(from, to) {
      hole.line(from, to, brush.value, isErasing ? 0 : 1);
      draw();
    },
    onEnd,
    onUndo: () => undo.click(),
  });

  /** The picture with its hole. */
  const holed = () => withoutPixels(picture as RawImage, (x, y) => hole.has({ x, y }));

  function draw(): void {
    if (picture) board.show(holed());
    undo.disabled = !hole.canUndo;
  }
  function setReady(name: ReadyHole | undefined): void {
    ready = name;
    for (const button of readyButtons) button.ariaPressed = String(button.value === name);
  }
  function change(make: () => void, name?: ReadyHole): void {
    onBegin();
    make();
    setReady(name);
    draw();
    onEnd();
  }
  const take = (name?: ReadyHole) => change(() => hole.replace(name), name);

  const titles: Readonly<Record<ReadyHole, string>> = {
    half: 'Left half',
    stripe: capitalised(stripe),
    centre: 'Centre',
    scattered: 'Scattered',
  };
  const names = Object.keys(readyHoles) as ReadyHole[];
  const readyButtons = names.map((name) =>
    el('button', { type: 'button', value: name, onclick: () => take(name) }, titles[name]),
  );
  const eraser = el('button', { type: 'button', ariaPressed: 'false' }, 'Eraser');
  eraser.addEventListener('click', () => {
    isErasing = !isErasing;
    eraser.ariaPressed = String(isErasing);
  });
  const undo = el('button', { type: 'button' }, 'Undo');
  undo.addEventListener('click', () => change(hole.undo));
  const clear = el('button', { type: 'button', onclick: () => take() }, 'Clear');
  setReady(first);

  /** For links: a ready hole by its name. */
  const setting: Setting = {
    read: () => ready,
    restore(text) {
      const name = names.find((each) => each === text);
      if (name) take(name);
      return name !== undefined;
    },
    absence: 'What you have painted is not in it.',
  };

  return {
    hole,
    holed,
    setting,
    board: el('figure', { className: 'painted' }, board.element, board.place),
    readyHoles: el(
      'div',
      { className: 'row holes', role: 'group', ariaLabel: 'What is missing' },
      ...readyButtons,
    ),
    tools: el(
      'div',
      { className: 'tools' },
      brush.element,
      el('div', { className: 'row' }, eraser, undo, clear),
    ),
    show(image: RawImage): void {
      picture = image;
      draw();
    },
  };
}
