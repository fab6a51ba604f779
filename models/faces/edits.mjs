// Changes of one attribute that directions are found for, and the faces to find them and to try them on.

import { binToPixel, pixelToBin } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import { faceSize, randomFace, renderFace } from './face.mjs';

/** `generate.mjs --seed` of the faces that the model was trained on, and of the shipped sheet, which it never saw. */
export const seeds = { heldIn: 2, heldOut: 1 };

/**
 * An attribute, its value before and after, and what people read beside a slider and at its ends. `colour` is the one
 * that what is put on gets, since the picture without it cannot say.
 */
export const edits = [
  edit('glasses', 'none → dark1', 'Dark glasses: take off → put on', { glassesColor: 'black' }),
  edit('mouth', 'frown1 → laugh', 'Mouth: frown → laugh'),
  edit('hair', 'short01 → long01', 'Hair: short → long'),
  edit('skin', 'tone6 → tone1', 'Skin: dark → light'),
  edit('clothingColor', 'navy → yellow', 'Clothes: navy → yellow'),
  edit('hairColor', 'black → blond', 'Hair colour: black → blond'),
  edit('background', 'rose → sky', 'Background: rose → sky'),
  edit('hat', 'none → beanie', 'Red beanie: take off → put on', { hatColor: 'red' }),
  edit('beard', 'none → full', 'Beard: shave → grow'),
];

function edit(name, values, words, colour = {}) {
  const [from, to] = values.split(' → ');
  const [label, fromLabel, toLabel] = words.split(/: | → /);
  return { name, label, from, to, fromLabel, toLabel, colour };
}

/** The same change the other way round. */
export function reversed({ from, to, ...edit }) {
  return { ...edit, from: to, to: from };
}

/**
 * The same faces with an edit's first value and with its second, as the model sees them. Held-in faces get the first
 * value whatever they have; of held-out ones only those that have it are taken.
 * @param options the faces' seed, the first to look at, how many, the model's bits. @returns { before, after } images
 */
export function counterfactualPairs({ name, from, to, colour }, { seed, first = 0, count, bits }) {
  const [before, after] = [[], []];
  for (let index = first; before.length < count; index++) {
    const face = randomFace(createRandom(seed, index));
    if (seed === seeds.heldOut && face[name] !== from) continue;
    before.push(draw({ ...face, [name]: from }, bits));
    after.push(draw({ ...face, ...colour, [name]: to }, bits));
  }
  return { before, after };
}

function draw(face, bits) {
  const data = Uint8Array.from(renderFace(face), (pixel) => binToPixel(pixelToBin(pixel, bits), bits));
  return { data, height: faceSize, width: faceSize, channels: 3 };
}
