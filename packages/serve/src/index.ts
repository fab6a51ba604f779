export type { ModelEntry } from './model-entry.js';
export type { Limits, LogLevel, ServeOptions } from './options.js';
export { createServer, type ListenOptions, type ModelServer } from './server.js';
