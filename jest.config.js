import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Loaded models leave notes in the user's cache; tests have one of their own.
const cache = mkdtempSync(join(tmpdir(), 'glow-onnx-tests-'));
process.env.XDG_CACHE_HOME = cache;
process.on('exit', () => rmSync(cache, { recursive: true, force: true }));

export default {
  testEnvironment: './test/support/environment.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  moduleNameMapper: {
    '^#platform$': '<rootDir>/packages/runtime/src/node/platform.ts',
    '^onnxruntime-web$': '<rootDir>/test/support/onnxruntime-web.cjs',
    '^@glow-onnx/([a-z]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@glow-onnx/([a-z]+)/([a-z0-9-]+)$': '<rootDir>/packages/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/packages/[a-z]+/(dist|cjs)/', '<rootDir>/out/', '<rootDir>/runs/'],
  testTimeout: 60_000,
};
