// Changes of one attribute that directions are found for, and the faces to find them and to try them on.

import { binToPixel, pixelToBin } from '@glow-onnx/flow/pixels';

/** `generate.mjs --seed` of the faces that a model was trained on, and of its held-out sheet, which it never saw. */
export const seeds = { heldIn: 2, heldOut: 1 };

/**
 * An attribute, its value before and after, and what people read beside a slider and at its ends.
 * @param name of the attribute. @param values 'before → after'. @param words 'label: at before → at after'
 * @param colour what is put on gets it, since the picture without it cannot say
 */
export function edit(name, values, words, colour = {}) {
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
 * @param design `faceSize`, `faceAt(seed, index)`, `renderFace(face)`
 * @param options the faces' seed, the first to look at, how many, the model's bits. @returns { before, after } images
 */
export function counterfactualPairs(design, { name, from, to, colour }, { seed, first = 0, count, bits }) {
  const [before, after] = [[], []];
  for (let index = first; before.length < count; index++) {
    const face = design.faceAt(seed, index);
    if (seed === seeds.heldOut && face[name] !== from) continue;
    before.push(draw(design, { ...face, [name]: from }, bits));
    after.push(draw(design, { ...face, ...colour, [name]: to }, bits));
  }
  return { before, after };
}

function draw({ faceSize, renderFace }, face, bits) {
  const pixels = renderFace(face);
  const data = Uint8Array.from(pixels, (pixel) => binToPixel(pixelToBin(pixel, bits), bits));
  return { data, height: faceSize, width: faceSize, channels: 3 };
}
