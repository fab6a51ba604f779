import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

// A folder for this run: what test files share, and a cache in place of the user's for the notes of loaded models.
const run = mkdtempSync(join(tmpdir(), 'glow-onnx-tests-'));
process.env.TEST_RUN = run;
process.env.XDG_CACHE_HOME = join(run, 'cache');
mkdirSync(process.env.XDG_CACHE_HOME);
// For the programs that tests start. The tests' own environment requires it too.
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(join(import.meta.dirname, 'test/support/one-thread.cjs'))}`;
process.on('exit', () => rmSync(run, { recursive: true, force: true }));

export default {
  testEnvironment: './test/support/environment.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testSequencer: './test/support/sequencer.cjs',
  // Jest leaves one core free. Of two cores that one would idle while a test waits for its browser or its process.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  moduleNameMapper: {
    '^#platform$': '<rootDir>/packages/runtime/src/node/platform.ts',
    '^onnxruntime-node$': '<rootDir>/test/support/onnxruntime-node.cjs',
    '^onnxruntime-web$': '<rootDir>/test/support/onnxruntime-web.cjs',
    '^@glow-onnx/([a-z]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@glow-onnx/([a-z]+)/([a-z0-9-]+)$': '<rootDir>/packages/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/packages/[a-z-]+/(dist|cjs)/', '<rootDir>/out/', '<rootDir>/runs/'],
  // Test files run in a context of Node's vm, where code looks up each global slowly. These reach each module as variables,
  // which makes arithmetic several times faster. Names that tests replace, such as Date or fetch, cannot be here.
  sandboxInjectedGlobals: [
    ...['Array', 'BigInt', 'Map', 'Math', 'Number', 'Object', 'Set', 'String'],
    ...['Float32Array', 'Float64Array', 'Int32Array'],
    ...['Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray'],
  ],
  testTimeout: 60_000,
  reporters: [
    'default',
    '<rootDir>/test/support/slowest-reporter.mjs',
    '<rootDir>/test/support/skipped-reporter.mjs',
  ],
};
