import { edit } from '../drawn/edits.mjs';

/** The changes of one attribute that models/pixel-faces has directions for, or was tried with. */
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
