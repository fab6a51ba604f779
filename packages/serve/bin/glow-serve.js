#!/usr/bin/env node
// Apart from dist, because npm links a command only if its file is there at install, before any build.
import '../dist/cli.js';
