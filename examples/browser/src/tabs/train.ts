import type { App } from '../app.js';
import { asFolder, saveCheckpoint, saveFolder } from '../train/keep-model.js';
import type { News } from '../train/messages.js';
import { createPile } from '../train/pile.js';
import { leastPictures } from '../train/plan.js';
import { createProgressView } from '../train/progress-view.js';
import { startTrainer, type Trainer } from '../train/trainer.js';
import { el } from '../ui/dom.js';
import { slider } from '../ui/slider.js';
import './train.css';

type State = 'ready' | 'opening' | 'running' | 'pausing' | 'paused';

const steps = [
  'Give pictures of one kind, such as faces, shoes or letters, with the thing in the same place. Only the square in the middle of each is used.',
  'Train. At first the model draws noise. Every few seconds you see what it draws by then, and how well it knows pictures that it does not learn from.',
  'Pause when you like. Then use the model on all tabs of this page, or save it.',
];

let bench: HTMLElement | undefined;

/** Trains a small model in a worker, on pictures of the user. The training goes on when the tab is mounted again. */
export function mountTrain(panel: HTMLElement, app: App): void {
  bench ??= createBench(app);
  panel.append(bench);
}

function createBench(app: Pick<App, 'examples' | 'words' | 'say' | 'open'>): HTMLElement {
  let trainer: Trainer | undefined;
  let state: State = 'ready';
  /** Takes the model when it comes. */
  let onSaved = (_: Extract<News, { type: 'saved' }>): void => {};

  const pile = createPile({
    starter: app.examples.map(({ image }) => image),
    starterName: app.words.many,
    say: app.say,
    onChange: () => setState(state),
  });
  const view = createProgressView();
  const mirror = el('input', { type: 'checkbox', checked: true });
  const main = el('button', { type: 'button', className: 'primary', onclick: next });
  const over = el('button', { type: 'button', onclick: startOver }, 'Start over');
  const temperature = slider({
    label: 'Temperature',
    min: 0,
    max: 1.3,
    step: 0.01,
    value: 0.8,
    onInput: draw,
  });
  const seed = el('input', { type: 'number', min: '0', max: '9999', value: '1' });
  seed.addEventListener('input', draw);
  const use = el('button', { type: 'button', className: 'primary' }, 'Use it on this page');
  use.addEventListener('click', () => save(({ files }) => app.open(asFolder(files))));
  const folder = el('button', { type: 'button' }, 'Save the model folder');
  folder.addEventListener('click', () => save(({ files }) => saveFolder(files)));
  const checkpoint = el('button', { type: 'button' }, 'Save the checkpoint');
  checkpoint.addEventListener('click', () => save((saved) => saveCheckpoint(saved.checkpoint)));
  const result = el(
    'div',
    { className: 'result', hidden: true },
    el(
      'div',
      { className: 'controls' },
      temperature.element,
      el('label', { className: 'field' }, el('span', {}, 'Seed'), seed),
    ),
    el('div', { className: 'row' }, use, folder, checkpoint),
    el(
      'p',
      { className: 'note' },
      'The folder, a zip file, is a finished ONNX model for ',
      el('code', {}, 'loadGlow'),
      ' and for ',
      el('code', {}, 'glow-onnx sample my-model'),
      '. With the checkpoint, ',
      el('code', {}, 'glow-onnx train --init my-model.safetensors'),
      ' trains on from here, on your computer.',
    ),
  );
  const guide = el('ol', { className: 'guide' }, ...steps.map((text) => el('li', {}, text)));
  const element = el(
    'div',
    {},
    el(
      'p',
      {},
      'Train a small model of your own in this tab. Your pictures stay on your device. The model learns until you pause it, and the page stays usable.',
    ),
    el(
      'div',
      { className: 'workshop' },
      el(
        'div',
        {},
        pile.element,
        el('label', { className: 'field' }, mirror, el('span', {}, 'Learn from mirror images too')),
        el('div', { className: 'row' }, main, over),
      ),
      el('div', {}, guide, view.element, result),
    ),
  );
  addEventListener('beforeunload', (event) => {
    if (state === 'running') event.preventDefault();
  });

  function setState(to: State): void {
    state = to;
    const titles = {
      ready: 'Train',
      opening: 'Starting …',
      running: 'Pause',
      pausing: 'Pausing …',
      paused: 'Go on',
    };
    main.textContent = titles[to];
    const tooFew = to === 'ready' && pile.pictures.length < leastPictures;
    main.disabled = to === 'opening' || to === 'pausing' || tooFew;
    over.hidden = to === 'ready';
    guide.hidden = to !== 'ready';
    pile.locked = mirror.disabled = to !== 'ready';
    element.classList.toggle('begun', to !== 'ready');
  }
  function next(): void {
    if (state === 'ready') open();
    else go(state !== 'running');
  }
  function go(on: boolean): void {
    trainer?.tell({ type: on ? 'go' : 'pause' });
    if (on) app.say('');
    setState(on ? 'running' : 'pausing');
  }
  function open(): void {
    const { pictures, side } = pile;
    view.clear();
    setState('opening');
    app.say('The training starts.');
    trainer = startTrainer(hear);
    trainer.tell({ type: 'open', pictures, side, mirror: mirror.checked, choice: choice() });
  }
  function startOver(): void {
    trainer?.end();
    trainer = undefined;
    view.clear();
    result.hidden = true;
    setState('ready');
  }
  const hearers: { readonly [Type in News['type']]: (news: Extract<News, { type: Type }>) => void } = {
    opened(news) {
      setState('running');
      app.say(''); // the panel tells the rest
      view.opened(news);
    },
    progress: view.progress,
    look(news) {
      result.hidden = false;
      view.look(news);
    },
    samples: ({ images }) => view.samples(images),
    paused() {
      setState('paused');
      app.say('The training is paused. Go on when you like.');
    },
    saved: (news) => onSaved(news),
    failed({ message }) {
      startOver();
      app.say(`The training has ended: ${message}`);
    },
  };
  const hear = (news: News) => hearers[news.type](news as never);
  const choice = () => ({
    temperature: temperature.value,
    seed: Math.max(0, Math.floor(seed.valueAsNumber)) || 0,
  });
  function draw(): void {
    trainer?.tell({ type: 'sample', choice: choice() });
  }
  function save(take: typeof onSaved): void {
    onSaved = take;
    trainer?.tell({ type: 'save' });
  }
  setState('ready');
  return element;
}
