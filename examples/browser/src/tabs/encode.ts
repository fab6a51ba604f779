import type { Latents, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { differing, errorMap } from '../pixels.js';
import { exampleIn, numberIn } from '../share/settings.js';
import { shareable } from '../share/shareable.js';
import { el } from '../ui/dom.js';
import { acceptDrops } from '../ui/drag.js';
import { latentGrid, latentPicture, levelShapes } from '../ui/latent-picture.js';
import { latestWins } from '../ui/latest-wins.js';
import { pictureInput } from '../ui/picture-input.js';
import { type Screen, screen } from '../ui/screen.js';
import { type Slider, slider } from '../ui/slider.js';
import { takePicture } from '../ui/take-picture.js';

/** What a level holds, by its place: the first has the details, the last the coarse shape. */
const nameOf = (level: number, levels: number) =>
  level === levels - 1 ? 'coarse' : level === 0 ? 'fine' : 'middle';

/** An image, its latents, and the image that a scaled level of latents decodes to. */
export function mountEncode(panel: HTMLElement, app: App): void {
  let picked = app.examples[0]?.image as RawImage;
  let input: RawImage | undefined;
  let z: Latents | undefined;
  const [seen, back, error] = [
    app.screen('The image as the model sees it', 224),
    app.screen('The decoded image', 224),
    app.screen('The differences', 128),
  ];
  const verdict = el('output', { className: 'big' }, '…');
  const bits = el('output', { className: 'big' }, '…');
  const levels = levelShapes(app.config).map((shape, level) => {
    const latents = screen(`Latents z${level}`, { ...latentGrid(shape), box: 156 });
    const scale: Slider = slider({
      label: `z${level}, ${nameOf(level, app.config.levels)}`,
      min: 0,
      max: 1.5,
      step: 0.01,
      value: 1,
      format: (value) => `× ${value.toFixed(2)}`,
      onInput: () => decode(),
    });
    const set = (text: string, value: number) => {
      const button = el(
        'button',
        { type: 'button', attributes: { 'aria-label': `${text} z${level}` } },
        text,
      );
      button.addEventListener('click', () => {
        scale.value = value;
        decode();
      });
      return button;
    };
    const element = el(
      'div',
      { className: 'card' },
      latents.canvas,
      scale.element,
      el('div', { className: 'row' }, set('Zero', 0), set('Reset', 1)),
    );
    return { latents, scale, element };
  });

  const encode = latestWins(async () => {
    const image = await app.read(picked);
    const encoded = await app.run(1, (model) => model.encode(image));
    [input, z] = [image, encoded.z[0]];
    seen.show(image);
    await decode();
    const [perDim] = await app.run(8, (model) => model.bitsPerDim(image, { draws: 8 }));
    bits.textContent = (perDim as number).toFixed(2);
  }, app.fail);

  function pick(image: RawImage): void {
    picked = image;
    encode();
  }

  const decode = latestWins(async () => {
    if (!input || !z) return;
    const scaled = z.levels.map(({ shape, data }, level) => {
      const factor = levels[level]?.scale.value as number;
      return { shape, data: data.map((value) => factor * value) };
    });
    for (const [level, latent] of scaled.entries()) levels[level]?.latents.show(latentPicture(latent));
    const [image] = await app.run(1, (model) => model.decode({ levels: scaled }));
    back.show(image as RawImage);
    error.show(errorMap(input, image as RawImage));
    const count = differing(input, image as RawImage);
    verdict.textContent = `${count} of ${input.data.length}`;
    differences.classList.toggle('same', count === 0);
    errorCaption.textContent = count === 0 ? 'no value differs' : 'differences: yellow is large';
  }, app.fail);

  const errorCaption = el('figcaption', {}, '…');
  const differences = el('figure', { className: 'differences' }, error.canvas, errorCaption);
  const results = el(
    'div',
    { className: 'results' },
    figure(seen, 'as the model sees it'),
    figure(back, 'decoded'),
    differences,
    el(
      'p',
      {},
      el('span', {}, 'Values that differ'),
      verdict,
      el('span', {}, 'Bits per value (fewer: likelier)'),
      bits,
    ),
  );
  acceptDrops(results, (dropped) => takePicture(app, dropped, pick));
  const link = shareable(panel, app);
  link.add(
    'image',
    exampleIn(app.examples, () => picked, pick),
  );
  for (const [level, { scale }] of levels.entries()) link.add(`z${level}`, numberIn(scale.input));
  link.complete();
  panel.append(
    el(
      'p',
      {},
      'The model turns an image into numbers, its latents z, and back. They have levels, from the details to the ' +
        'coarse shape. Scale a level, or set it to zero, to see what it holds.',
    ),
    pictureInput(app, { label: 'Image', onPick: pick }),
    el(
      'div',
      { className: 'bench' },
      results,
      el('div', { className: 'levels' }, ...levels.map(({ element }) => element), link.button),
    ),
  );
  app.onPicture(({ image }) => pick(image));
  app.onModel(encode);
}

const figure = ({ canvas }: Screen, caption: string) =>
  el('figure', {}, canvas, el('figcaption', {}, caption));
