import type { Latents, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { differing } from '../pixels.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { latestWins } from '../ui/latest-wins.js';
import { pictureInput } from '../ui/picture-input.js';
import { screen } from '../ui/screen.js';
import { takePicture } from '../ui/take-picture.js';
import { type DirectionSlider, directionSlider } from './direction-slider.js';
import { addDirections, type Direction, loadDirections } from './directions.js';
import { makeYourOwn } from './make-your-own.js';
import './attributes.css';

/** A face, and sliders that move its latents, such as towards glasses or away from a frown. */
export function mountAttributes(panel: HTMLElement, app: App): void {
  const before = screen('The original face', { scale: 6 });
  const after = screen('The face with the sliders applied', { scale: 18 });
  const difference = el('p', { className: 'note' });
  const sliders = el('div', { className: 'directions' });
  const rows: DirectionSlider[] = [];
  let picked = bareFace(app);
  let face = picked;
  let edited = face;
  let z: Latents | undefined;

  const show = latestWins(async () => {
    if (!z) return;
    const latents = addDirections(z, rows);
    [edited = face] = await app.run(1, (model) => model.decode(latents));
    after.show(edited);
    difference.textContent = `${differing(face, edited)} of ${face.data.length} values differ`;
  }, app.fail);

  const encode = latestWins(async () => {
    const image = await app.read(picked);
    const encoded = await app.run(1, (model) => model.encode(image));
    face = image;
    [z] = encoded.z;
    before.show(face);
    await show();
  }, app.fail);

  function pick(image: RawImage): void {
    picked = image;
    encode();
  }

  function addSlider(direction: Direction): DirectionSlider {
    const row = directionSlider(direction, show);
    rows.push(row);
    sliders.append(row.element);
    return row;
  }
  async function setAll(strengthOf: (row: DirectionSlider) => number): Promise<void> {
    for (const row of rows) row.strength = strengthOf(row);
    await show();
    app.say(difference.textContent as string);
  }
  /** A random strength for about one slider in three. */
  const anything = () => (Math.random() < 1 / 3 ? Math.round(40 * Math.random() - 20) / 20 : 0);

  const own = makeYourOwn(app, {
    face: () => face,
    onDirection(direction) {
      addSlider(direction).strength = 1;
      show();
    },
  });
  const reset = el('button', { type: 'button', onclick: () => setAll(() => 0) }, 'All to 0');
  const surprise = el('button', { type: 'button', onclick: () => setAll(anything) }, 'Surprise me');
  const keep = el('button', { type: 'button', onclick: () => app.keep(edited) }, 'Keep this face');
  const stage = el(
    'figure',
    { className: 'edited' },
    after.canvas,
    el('figcaption', {}, before.canvas, difference),
  );
  acceptDrops(stage, (dropped) => takePicture(app, dropped, pick));
  panel.append(
    el(
      'p',
      {},
      'Each slider adds a direction to the latents of the face. With all sliders at 0, every pixel is unchanged.',
    ),
    el(
      'div',
      { className: 'editor' },
      stage,
      el('div', {}, el('div', { className: 'row' }, surprise, reset, keep), sliders),
    ),
    pictureInput(app, {
      label: 'The face',
      faces: app.faces.slice(0, 18).map(({ image }) => image),
      onPick: pick,
    }),
    own,
  );

  let asked = false;
  panel.addEventListener('open', async () => {
    if (asked) return;
    asked = true;
    try {
      const model = await new Promise(app.onModel);
      for (const direction of await loadDirections(model, 'model/directions')) addSlider(direction);
    } catch (error) {
      asked = false; // the next opening loads them again
      app.fail(error);
    }
  });
  app.onModel(encode);
}

/** A face without glasses, hat and beard. */
function bareFace({ faces }: App): RawImage {
  const bare = faces.find(({ labels }) =>
    ['glasses', 'hat', 'beard'].every((name) => labels[name] === 'none'),
  );
  return (bare ?? faces[0])?.image as RawImage;
}
