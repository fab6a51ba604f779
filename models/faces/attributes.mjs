// Finds the attribute directions of models/faces and scores them.
//   node models/faces/attributes.mjs              prints the tables
//   node models/faces/attributes.mjs --write      and renews models/faces/directions and docs/attributes.md
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluateAttributes } from '../drawn/attributes.mjs';
import { edits } from './edits.mjs';
import * as design from './face.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
await evaluateAttributes({ folder, design, edits, page: join(folder, '../../docs/attributes.md') });
