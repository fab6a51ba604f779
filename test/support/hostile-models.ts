import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConfig } from '@glow-onnx/flow';

/** Encode graphs that harm ONNX Runtime 1.30 in Node when it opens or runs them. */
export const hostileNames = ['hang', 'sigfpe', 'read-cwd-file'] as const;
export type HostileName = (typeof hostileNames)[number];

/**
 * The files of a model folder of format version 1 whose encode graph is hostile. All hashes are right.
 * `hang` has an endless Loop, `sigfpe` divides −2^63 by −1, `read-cwd-file` has external data in `.env`.
 */
export function hostileModel(name: HostileName): Record<string, Uint8Array<ArrayBuffer>> {
  const graph = Uint8Array.from(readFileSync(join(__dirname, 'hostile', `${name}.onnx`)));
  const [encode, decode] = ['onnx/encode.onnx', 'onnx/decode.onnx'];
  const sha256 = createHash('sha256').update(graph).digest('hex');
  const manifest = {
    formatVersion: 1,
    producer: { name: 'test', version: '0' },
    config: createConfig({ channels: 1, height: 4, width: 4, levels: 1, steps: 1, hiddenChannels: 16 }),
    latents: [{ name: 'z0', channels: 4, downscale: 2 }],
    variants: { fp32: { encode, decode, weights: null } },
    files: [encode, decode].map((path) => ({ path, bytes: graph.length, sha256 })),
    training: null,
    measured: [],
  };
  return {
    'manifest.json': new TextEncoder().encode(JSON.stringify(manifest)),
    [encode]: graph,
    [decode]: graph,
  };
}
