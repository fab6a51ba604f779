#!/usr/bin/env node
// Apart from dist, because npm links a command only if its file is there at install, before any build.
import { existsSync } from 'node:fs';

const command = new URL('../dist/cli.js', import.meta.url);
if (existsSync(command)) {
  await import(command);
} else {
  console.error('glow-onnx: not built yet; run npm ci && npm run build in the clone that it stands in');
  process.exitCode = 1;
}
