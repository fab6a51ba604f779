import { createHash } from 'node:crypto';
import * as toonHead from '@dicebear/toon-head';
import { createRandom } from '@glow-onnx/flow/random';
import { avatarSvg, randomValues, rasterise } from '../drawn/avatar.mjs';

/** Height and width of a face in pixels. */
export const faceSize = 32;

/**
 * What can differ between faces: attribute → value name → the option of toon-head. Where a `none` is, it
 * stands for "not drawn".
 */
export const attributes = {
  background: {
    cream: 'f6efdf',
    sky: 'b6e3f4',
    mint: 'c8ead0',
    rose: 'ffd5dc',
    lavender: 'd1d4f9',
    peach: 'ffdfbf',
  },
  skin: { tone1: 'f7d3b8', tone2: 'f1c3a5', tone3: 'd29a78', tone4: 'a9714f', tone5: '7c4c36' },
  hair: own('sideComed', 'undercut', 'spiky', 'bun'),
  rearHair: { none: null, ...own('longStraight', 'longWavy', 'shoulderHigh', 'neckHigh') },
  hairColor: {
    black: '2c1b18',
    brown: '5a3524',
    chestnut: '8a5a33',
    auburn: 'a55728',
    blond: 'd6b370',
    grey: 'a9a4a0',
    pink: 'e07a9b',
    blue: '3f6fb5',
  },
  eyes: own('happy', 'wide', 'bow', 'humble', 'wink'),
  eyebrows: own('raised', 'angry', 'happy', 'sad', 'neutral'),
  mouth: own('laugh', 'angry', 'agape', 'smile', 'sad'),
  beard: { none: null, ...own('moustacheTwirl', 'fullBeard', 'chin', 'chinMoustache', 'longBeard') },
  clothes: own('turtleNeck', 'openJacket', 'dress', 'shirt', 'tShirt'),
  clothesColor: {
    grey: '545454',
    red: 'b11f1f',
    navy: '0b3286',
    green: '147f3c',
    yellow: 'eab308',
    purple: '731ac3',
    pink: 'ec4899',
    orange: 'f97316',
    black: '151613',
    white: 'e8e9e6',
  },
};

/** How often what can be absent is drawn. Its kind is then even among those there are, like everything else. */
const probability = { rearHair: 0.5, beard: 0.2 };

/** Faces of this seed are held out: no other seed draws a face with the same attributes. */
const heldOutSeed = 1;

/** Pixels on a side that a pixel of a face is drawn with, before the drawing is reduced. */
const oversampling = 4;

/** The style's own names. */
function own(...names) {
  return Object.fromEntries(names.map((name) => [name, name]));
}

/**
 * The attributes of face `index` of a seed, each drawn independently of the others. One combination in 16 belongs
 * to seed 1, by the hash of its values; the others to all other seeds. So faces of seed 1 are new to a model that
 * was trained on another seed, however many there are.
 * @returns attribute → value name
 */
export function faceAt(seed, index) {
  const random = createRandom(seed, index);
  for (;;) {
    const face = randomValues(attributes, probability, random);
    if (isHeldOut(face) === (seed === heldOutSeed)) return face;
  }
}

function isHeldOut(face) {
  return createHash('sha256').update(Object.values(face).join()).digest()[0] < 16;
}

/**
 * Draws a face four times as large; a pixel is the mean of the 4×4 there.
 * @param face attribute → value name; change one of them for a counterfactual pair.
 * @returns RGB bytes, 32×32×3
 * @throws RangeError if a value is not one of `attributes`.
 */
export function renderFace(face) {
  const width = faceSize * oversampling;
  const drawing = rasterise(faceSvg(face), width);
  const sums = new Uint16Array(faceSize * faceSize * 3);
  let from = 0;
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const to = (Math.floor(y / oversampling) * faceSize + Math.floor(x / oversampling)) * 3;
      for (let channel = 0; channel < 3; channel++) sums[to + channel] += drawing[from++];
    }
  }
  return Buffer.from(sums.map((sum) => Math.round(sum / oversampling ** 2)));
}

function faceSvg(face) {
  const svg = avatarSvg(toonHead, attributes, face, {
    options: { background: 'backgroundColor', skin: 'skinColor' },
    crop: { scale: 122, translateY: 4 },
  });
  return (
    svg
      // The style masks mouths by alpha, which resvg takes for brightness: mask by white, which is both.
      .replace(/<mask id="mouth.*?<\/mask>/, (mask) => mask.replace(/fill="#[0-9A-F]{6}"/g, 'fill="#ffffff"'))
      // Lines of eyes and mouths are thinner than a pixel here: draw them thicker and darker.
      .replaceAll('fill="#4B2422"', 'fill="#2e1512" stroke="#2e1512" stroke-width="6"')
      .replaceAll('fill="#3F2626" fill-opacity="0.5"', 'fill="#3f2626" stroke="#3f2626" stroke-width="10"')
  );
}
