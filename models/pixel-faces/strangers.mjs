// How the scores tell held-out faces from other pictures: the table of docs/anomaly-detection.md.
//   node models/pixel-faces/strangers.mjs                prints it
//   node models/pixel-faces/strangers.mjs --write        and renews it there
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareStrangers } from '../drawn/strangers.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
await compareStrangers({ folder, page: join(folder, '../../docs/anomaly-detection.md') });
