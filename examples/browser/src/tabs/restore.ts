import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { exampleIn } from '../share/settings.js';
import { shareable } from '../share/shareable.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { latestWins } from '../ui/latest-wins.js';
import { pictureInput } from '../ui/picture-input.js';
import { takePicture } from '../ui/take-picture.js';
import { places, samples, showCompletions } from './completions.js';
import { holeEditor } from './hole-editor.js';
import './restore.css';

const box = 320;
/** Time for another stroke before the search begins. */
const restMs = 250;
/** Searches in images of more pixels take minutes: they wait for a click. */
const mostPixels = 64 * 64;
/** An example that is easy to complete. */
const firstExample = 9;

/** A picture to paint on. The model completes what is painted over. */
export function mountRestore(panel: HTMLElement, app: App): void {
  const pixels = app.config.width * app.config.height;
  const { one, many } = app.words;
  let picked = (app.examples[firstExample] ?? app.examples[0])?.image as RawImage;
  /** The picture as the model sees it, once the model is loaded. */
  let image: RawImage | undefined;
  let searching: AbortController | undefined;
  let resting: ReturnType<typeof setTimeout>;
  /** Whether a search begins when the tab is opened. */
  let isDue = false;
  let seed = 0;

  const completions = showCompletions(app, box);
  const editor = holeEditor(app, { box, first: 'half', onBegin: stop, onEnd: rest });
  const bar = el('progress', { max: 1, value: 0, className: 'done', ariaLabel: 'Search' });
  const main = el('button', { type: 'button', className: 'primary' }, 'Complete it');
  main.addEventListener('click', () => (searching ? stop() : ask()));
  const several = el('button', { type: 'button', onclick: () => ask(samples) }, 'Four completions');

  function stop(): void {
    clearTimeout(resting);
    searching?.abort();
    setSearching(undefined);
  }
  function setSearching(search: AbortController | undefined): void {
    searching = search;
    main.textContent = search ? 'Stop' : 'Complete it';
    bar.classList.toggle('done', !search);
    bar.value = 0;
  }
  /** Another tab's calls would wait for the search. It begins anew when the tab is opened again. */
  function leave(): void {
    if (!searching) return;
    stop();
    isDue = true;
  }
  function rest(): void {
    clearTimeout(resting);
    resting = setTimeout(begin, restMs);
  }
  /** Searches, if the tab is open and it takes seconds. */
  function begin(): void {
    isDue = panel.hidden !== false;
    if (!image || isDue) return;
    completions.dropSamples();
    if (problem() !== undefined) completions.choose(places.original);
    else if (pixels <= mostPixels) search();
  }
  /** Why nothing can be completed. */
  function problem(): string | undefined {
    const { count } = editor.hole;
    if (count === 0) return `Nothing is painted over. Paint on the ${one}, or choose what is missing.`;
    if (count < pixels) return undefined;
    return `All of the ${one} is painted over. Erase a part of the paint; new ${many} are in the tab "Sample".`;
  }
  async function ask(count?: number): Promise<void> {
    const wrong = problem();
    app.say(wrong ?? '');
    if (wrong === undefined) await search(count);
  }
  /** Searches for the most likely image, or for several samples, and shows each while it comes. */
  async function search(count?: number): Promise<void> {
    stop();
    if (!image) return;
    const own = new AbortController();
    const place = count ? places.samples : places.likely;
    const images = Array.from({ length: count ?? 1 }, () => image as RawImage);
    setSearching(own);
    completions.choose(place);
    for (const i of images.keys()) completions.show(place + i, { image: editor.holed() });
    try {
      const found = await app.run(0, (model) =>
        model.inpaint(images, editor.hole.mask(), {
          ...(count && { samples: 1, seed: seed++ }),
          signal: own.signal,
          onStep({ image: i, step, steps, picture }) {
            if (own.signal.aborted) return;
            completions.show(place + i, { image: picture });
            bar.value = step / steps;
          },
        }),
      );
      if (own.signal.aborted) return;
      for (const [i, { images, logProb, method }] of found.entries()) {
        completions.show(place + i, {
          image: images[0] as RawImage,
          logProb: logProb[0] as number,
          isStart: method[0] === 'start',
        });
      }
      await completions.judged();
    } catch (error) {
      if (!own.signal.aborted) app.fail(error);
    } finally {
      if (searching === own) setSearching(undefined);
    }
  }

  const load = latestWins(async () => {
    stop();
    const read = await app.read(picked);
    image = read;
    editor.show(read);
    completions.show(places.original, { image: read });
    try {
      const { logProb } = await app.run(1, (model) => model.encode(read));
      completions.show(places.original, { image: read, logProb: logProb[0] as number });
    } catch (error) {
      app.fail(error);
    }
    begin();
  }, app.fail);
  function pick(next: RawImage): void {
    stop(); // else the picture would wait for the search
    picked = next;
    load();
  }

  editor.show(picked);
  completions.show(places.original, { image: picked });
  completions.show(places.likely, { image: editor.holed() });
  const link = shareable(panel, app);
  link.add(
    one,
    exampleIn(app.examples, () => picked, pick),
  );
  link.add('missing', editor.setting);
  link.complete();
  acceptDrops(editor.board, (dropped) => takePicture(app, dropped, pick));
  panel.append(
    el(
      'p',
      {},
      `Paint over a part of the ${one}. The model, which does not see what is below the paint, completes it.`,
    ),
    editor.readyHoles,
    el(
      'div',
      { className: 'restore' },
      editor.board,
      el(
        'figure',
        { className: 'completed' },
        el('div', { className: 'board' }, completions.canvas, bar),
        completions.caption,
      ),
      editor.tools,
      el(
        'div',
        { className: 'choose' },
        completions.choice,
        el('div', { className: 'row' }, main, several),
        el('div', { className: 'row' }, ...completions.buttons, link.button),
      ),
      completions.verdict,
    ),
    pictureInput(app, {
      label: `The ${one}`,
      examples: app.examples.slice(0, 12).map((example) => example.image),
      onPick: pick,
    }),
  );
  panel.addEventListener('open', () => isDue && begin(), { signal: app.ended });
  panel.addEventListener('close', leave, { signal: app.ended });
  app.ended.addEventListener('abort', stop);
  app.onPicture((given) => pick(given.image));
  app.onModel(load);
}
