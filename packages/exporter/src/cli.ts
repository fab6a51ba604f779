import { glowExport } from './glow-export.js';

await glowExport('glow-export', process.argv.slice(2));
