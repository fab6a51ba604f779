// How often the brightest pixel of a map lies at a fault: the table of "Where the bits are" in docs/anomaly-detection.md.
//   node models/pixel-faces/places.mjs                prints it
//   node models/pixel-faces/places.mjs --write        and renews it there
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPlaces } from '../drawn/places.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
await findPlaces({ folder, page: join(folder, '../../docs/anomaly-detection.md') });
