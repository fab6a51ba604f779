import { encodePng, imageGrid, type RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { filmButtons } from '../share/film-buttons.js';
import { choiceIn, exampleIn, numberIn } from '../share/settings.js';
import { shareable } from '../share/shareable.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { latestWins } from '../ui/latest-wins.js';
import { pictureInput } from '../ui/picture-input.js';
import { saveFile } from '../ui/save-file.js';
import { segments } from '../ui/segments.js';
import { slider } from '../ui/slider.js';
import { takePicture } from '../ui/take-picture.js';
import { createFilm } from './film.js';
import './morph.css';

/** The way from one image to another through the latents, as a film and as a strip of images. */
export function mountMorph(panel: HTMLElement, app: App): void {
  const ends: [RawImage, RawImage] = [exampleOf(app, 1), exampleOf(app, 9)];
  const { one, many } = app.words;
  const film = createFilm(app);
  const link = shareable(panel, app);

  const show = latestWins(async () => {
    const options = { steps: steps.value, mode: mode.value, fit: 'cover' as const };
    film.show(await app.run(steps.value, (model) => model.interpolate(...ends, options)));
    save.disabled = keep.disabled = false;
  }, app.fail);

  const steps = slider({
    label: 'Steps',
    min: 3,
    max: 32,
    step: 1,
    value: 16,
    format: String,
    onInput: show,
  });
  const mode = segments({
    label: 'Path',
    options: [
      ['linear', 'Straight line'],
      ['spherical', 'Arc'],
    ],
    value: 'linear',
    onChange: show,
  });
  const scale = segments({
    label: 'Enlargement',
    options: ['1', '4', '8', '16'].map((times) => [times, `${times}×`]),
    value: '8',
  });
  const filmName = () => `morph-${mode.value}-${film.images.length}`;
  const save = el('button', { type: 'button', disabled: true }, 'Save the strip as PNG');
  save.addEventListener('click', async () => {
    const columns = film.images.length;
    const enlarged = Number(scale.value);
    const strip = imageGrid(film.images, { columns, scale: enlarged, gap: enlarged });
    saveFile(await encodePng(strip), `${filmName()}.png`, 'image/png');
  });
  const keep = el(
    'button',
    { type: 'button', disabled: true, onclick: () => app.keep(film.current) },
    `Keep this ${one}`,
  );

  link.add('steps', numberIn(steps.input));
  link.add('path', choiceIn(mode.element));
  const gif = filmButtons({ ...app, name: filmName, images: () => film.images });

  panel.append(
    el(
      'div',
      { className: 'morph' },
      end(0, 'From'),
      el('figure', { className: 'stage' }, film.canvas),
      end(1, 'To'),
    ),
    film.strip,
    el('div', { className: 'row' }, ...film.controls, keep, ...gif, link.button),
    el('div', { className: 'controls' }, steps.element, mode.element),
    el('p', { className: 'note' }, noteOn(many)),
    el('div', { className: 'row' }, scale.element, save),
  );
  link.complete();
  app.onModel(show);

  /** The image at one end, and the input for another one. */
  function end(side: 0 | 1, label: string): HTMLElement {
    const preview = app.screen(`${label}: the ${one}`, 96);
    preview.show(ends[side]);
    const onPick = (image: RawImage) => {
      ends[side] = image;
      preview.show(image);
      show();
    };
    link.add(
      label.toLowerCase(),
      exampleIn(app.examples, () => ends[side], onPick),
    );
    if (side === 0) app.onPicture(({ image }) => onPick(image));
    const examples = app.examples.slice(side * 6, side * 6 + 6).map(({ image }) => image);
    const frame = el('figure', {}, preview.canvas);
    acceptDrops(frame, (dropped) => takePicture(app, dropped, onPick));
    return el('div', { className: 'end' }, frame, pictureInput(app, { label, examples, onPick }));
  }
}

const noteOn = (many: string) =>
  `Each step mixes the numbers of the two ends. The numbers of ${many} lie near a sphere. A straight line cuts through ` +
  `its inside, where ${many} are plainer than the training ${many}. An arc stays near the sphere.`;

const exampleOf = ({ examples }: App, i: number) => examples[i % examples.length]?.image as RawImage;
