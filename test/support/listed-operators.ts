import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const format = readFileSync(join(__dirname, '../../docs/format.md'), 'utf8');
const list = /^### Operators\n+((?:.+\n)+)/m.exec(format)?.[1] ?? '';

/** The operators that docs/format.md promises: the code words below its heading. */
export const listedOperators = [...list.matchAll(/`([A-Z]\w+)`/g)].map(([, name]) => name as string);
