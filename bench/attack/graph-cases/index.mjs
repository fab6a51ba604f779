// Hostile ONNX files by name.
import { attributes } from './attributes.mjs';
import { bombs } from './bombs.mjs';
import { control } from './control.mjs';
import { weights } from './honest.mjs';
import { integers } from './integers.mjs';
import { places } from './places.mjs';
import { decodes, shapes } from './shapes.mjs';
import { wire } from './wire.mjs';

export { config, honestGraphs } from './honest.mjs';

const named = (encodes, more) => Object.entries(encodes).map(([name, encode]) => ({ name, encode, ...more }));
const alone = ([name, encode]) => ({ name: `${name}, no weights file`, encode });
const isSecret = ([name]) => /\.env|without the flag/.test(name);

/** The graphs of every case, and its weights file if it has one. */
export const cases = [
  ...named({ ...control, ...bombs, ...integers, ...attributes, ...wire, ...shapes }),
  ...named(places, { weights }),
  ...Object.entries(places).filter(isSecret).map(alone),
  ...Object.entries(decodes).map(([name, decode]) => ({ name, decode })),
];
