import * as pixelArt from '@dicebear/pixel-art';
import { createRandom } from '@glow-onnx/flow/random';
import { avatarSvg, randomValues, rasterise } from '../drawn/avatar.mjs';

/** Height and width of a face in pixels: the design's own grid. */
export const faceSize = 16;

/**
 * What can differ between faces: attribute → value name → the option of pixel-art. A chosen part of the
 * style's choices: what reads well at 16×16. Where a `none` is, it stands for "not drawn".
 */
export const attributes = {
  background: { cream: 'f6efdf', sky: 'd7e8f2', mint: 'dcefdc', rose: 'f5dcdc' },
  skin: {
    tone1: 'ffdbac',
    tone2: 'f5cfa0',
    tone3: 'e0b687',
    tone4: 'cb9e6e',
    tone5: 'b68655',
    tone6: '8d5524',
  },
  hair: named('long', [1, 3, 4, 7, 8, 13, 17, 20], 'short', [1, 2, 4, 5, 8, 10, 13, 14, 16, 17, 22]),
  hairColor: {
    black: '28150a',
    brown: '603a14',
    chestnut: '83623b',
    blond: 'cab188',
    auburn: '611c17',
    red: 'bd1700',
    blue: '009bbd',
  },
  eyes: named('variant', [1, 3, 6, 8, 9, 10]),
  eyesColor: { grey: '697b94', green: '588387', brown: '876658' },
  mouth: {
    smile1: 'happy06',
    smile2: 'happy09',
    smile3: 'happy10',
    smile4: 'happy11',
    laugh: 'happy12',
    open: 'happy01',
    flat1: 'sad06',
    flat2: 'sad07',
    frown1: 'sad01',
    frown2: 'sad02',
  },
  mouthColor: { tan: 'c98276', pink: 'e35d6a', red: 'de0f0d' },
  clothing: {
    crew: 'variant03',
    scoop: 'variant08',
    vNeck: 'variant11',
    wide: 'variant05',
    turtleneck: 'variant12',
    chequered: 'variant06',
    striped: 'variant13',
    braces: 'variant01',
  },
  clothingColor: {
    sky: '5bc0de',
    blue: '428bca',
    navy: '03396c',
    mint: '88d8b0',
    green: '00b159',
    coral: 'ff6f69',
    crimson: 'd11141',
    yellow: 'ffd969',
  },
  glasses: {
    none: null,
    clear1: 'light02',
    clear2: 'light05',
    clear3: 'light07',
    dark1: 'dark02',
    dark2: 'dark06',
  },
  glassesColor: { black: '323232', blue: '43677d', red: 'a04b5d' },
  beard: { none: null, full: 'variant05', short: 'variant06', long: 'variant03', chin: 'variant02' },
  hat: { none: null, cap: 'variant02', beanie: 'variant04', brim: 'variant06', bowl: 'variant08' },
  hatColor: { blue: '2663a3', grey: '989789', green: '3d8a6b', pink: 'cc6192', red: 'a62116' },
  earrings: { none: null, small: 'variant04', drop: 'variant03', large: 'variant01' },
  earringsColor: { gold: 'ffd700', silver: 'd3d3d3' },
};

/** How often what can be absent is drawn. Its kind is then even among those there are, like everything else. */
const probability = { glasses: 0.25, beard: 0.15, hat: 0.12, earrings: 0.15 };

/** `named('long', [1, 13])` is { long01: 'long01', long13: 'long13' }: the style's own names. */
function named(...groups) {
  const names = [];
  for (let i = 0; i < groups.length; i += 2) {
    for (const number of groups[i + 1]) names.push(`${groups[i]}${String(number).padStart(2, '0')}`);
  }
  return Object.fromEntries(names.map((name) => [name, name]));
}

/** What the style calls attributes that have another name here. */
const options = {
  background: 'backgroundColor',
  skin: 'skinColor',
  earrings: 'accessories',
  earringsColor: 'accessoriesColor',
};

/**
 * The attributes of face `index` of a seed, each drawn independently of the others.
 * Earrings that this face's hair hides count as none.
 * @returns attribute → value name
 */
export function faceAt(seed, index) {
  const face = randomValues(attributes, probability, createRandom(seed, index));
  if (face.earrings === 'none') return face;
  const bare = { ...face, earrings: 'none' };
  return renderFace(face).equals(renderFace(bare)) ? bare : face;
}

/**
 * Draws a face, one pixel of the design to one pixel.
 * @param face attribute → value name; change one of them for a counterfactual pair.
 * @returns RGB bytes, 16×16×3
 * @throws RangeError if a value is not one of `attributes`.
 */
export function renderFace(face) {
  return renderFaceAt(face, faceSize);
}

/** The same at `width`×`width` pixels. */
export function renderFaceAt(face, width) {
  return rasterise(faceSvg(face), width);
}

function faceSvg(face) {
  // The style masks a beard by its own colour's brightness, so that dark ones vanish: mask by white instead.
  return avatarSvg(pixelArt, attributes, face, { options }).replace(/<mask id="beard.*?<\/mask>/, (mask) =>
    mask.replace('opacity=".9" ', '').replace(/fill="#[0-9a-f]{6}"/, 'fill="#ffffff"'),
  );
}
