// What drawings by styles of DiceBear share: attributes drawn by chance, an SVG, pixels.

import { createAvatar } from '@dicebear/core';
import { Resvg } from '@resvg/resvg-js';

/**
 * Draws a value of each attribute, independently of the others, and always all of them: a face without glasses
 * has a colour of glasses too, so changing one attribute leaves the others as they are.
 * @param attributes attribute → value name → option of the style, null where nothing is drawn
 * @param probability attribute → how often what can be absent (`none`) is drawn
 * @param random a generator of @glow-onnx/flow. @returns attribute → value name
 */
export function randomValues(attributes, probability, random) {
  const values = {};
  for (const [name, choices] of Object.entries(attributes)) {
    const kinds = Object.keys(choices).filter((value) => value !== 'none');
    const chance = random.uniform();
    const kind = kinds[random.below(kinds.length)];
    values[name] = chance < (probability[name] ?? 1) ? kind : 'none';
  }
  return values;
}

/**
 * An avatar as SVG.
 * @param style a module of DiceBear. @param attributes as above. @param values attribute → value name
 * @param options attribute → option of the style, where their names differ. @param crop options of every avatar
 * @throws RangeError if a value is not one of `attributes`.
 */
export function avatarSvg(style, attributes, values, { options = {}, crop = {} }) {
  const chosen = { ...crop };
  for (const [name, choices] of Object.entries(attributes)) {
    const value = choices[values[name]];
    if (value === undefined) throw new RangeError(`face: ${name} "${values[name]}" is not one of attributes`);
    const option = options[name] ?? name;
    if (value !== null) chosen[option] = [value];
    if ('none' in choices) chosen[`${option}Probability`] = value === null ? 0 : 100;
  }
  return createAvatar(style, chosen).toString();
}

/** The pixels of an opaque square SVG. @returns RGB bytes, width×width×3 */
export function rasterise(svg, width) {
  // There is no text in a face, and looking for fonts takes ten times as long as drawing.
  const options = { fitTo: { mode: 'width', value: width }, font: { loadSystemFonts: false } };
  const rgba = new Resvg(svg, options).render().pixels;
  const rgb = Buffer.alloc((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}
