// The script that `worker: true` starts, by its place in process-worker.ts.
import { createServeGlow } from '../worker/serve.js';
import { platform } from './platform.js';

createServeGlow(platform)();
