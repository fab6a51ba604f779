// Finds the attribute directions of models/pixel-faces and scores them.
//   node models/pixel-faces/attributes.mjs              prints the tables
//   node models/pixel-faces/attributes.mjs --write      and renews models/pixel-faces/directions
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluateAttributes } from '../drawn/attributes.mjs';
import { edits } from './edits.mjs';
import * as design from './face.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
await evaluateAttributes({ folder, design, edits });
