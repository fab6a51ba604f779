import { edit } from '../drawn/edits.mjs';

/** The changes of one attribute that models/faces has directions for, or was tried with. */
export const edits = [
  edit('mouth', 'sad → laugh', 'Mouth: sad → laughing'),
  edit('eyes', 'humble → wide', 'Eyes: close → open'),
  edit('hairColor', 'black → blond', 'Hair colour: black → blond'),
  edit('rearHair', 'none → longWavy', 'Hair behind: short → long'),
  edit('hair', 'undercut → spiky', 'Hair: undercut → spiky'),
  edit('skin', 'tone5 → tone1', 'Skin: dark → light'),
  edit('beard', 'none → fullBeard', 'Beard: shave → grow'),
  edit('clothesColor', 'navy → yellow', 'Clothes: navy → yellow'),
  edit('background', 'rose → sky', 'Background: rose → sky'),
];
