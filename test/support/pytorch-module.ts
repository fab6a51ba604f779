import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Checkpoint,
  createGlow,
  createRandom,
  encodeCheckpoint,
  type Float64Tensor,
} from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors, type SafetensorsInput } from '@glow-onnx/flow/internal';
import { labelsFor, randomParams, randomTensor } from './random-params.js';
import { variants } from './variants.js';

const root = path.join(__dirname, '../..');
const fixture = path.join(__dirname, 'golden/pytorch-module.safetensors');
const modulePath = path.join(root, 'packages/exporter/python/glow.py');
const batch = 2;

/** A model, and what the module of `to-pytorch` is asked about it. */
export interface ModuleCase {
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly x: Float64Tensor;
  readonly label: Float64Tensor | undefined;
  /** A direction for every parameter, along which the loss is differentiated. */
  readonly direction: Readonly<Record<string, Float64Tensor>>;
}

export const moduleCases: readonly ModuleCase[] = variants.map(({ name, config }, i) => {
  const random = createRandom(100 + i);
  const glow = createGlow(config);
  const params = randomParams(glow, i);
  return {
    name,
    checkpoint: { config, params, initialised: true },
    x: randomTensor([batch, config.channels, config.height, config.width], random, 0.3),
    label: labelsFor(config.classes, batch),
    direction: Object.fromEntries(
      Object.entries(params.trainable).map(([key, { shape }]) => [key, randomTensor(shape, random)]),
    ),
  };
});

/** The case whose files, as the module and as torch save them, the fixture keeps. */
export const savedCase = variants.findIndex(({ name }) => name === 'openai');

/** What the module computed: of the fixture, or now where PYTHON names a Python with torch, which renews the fixture. */
export function moduleValues() {
  if (process.env.PYTHON) renew(process.env.PYTHON);
  const { tensors, metadata } = parseSafetensors(readFileSync(fixture));
  return { tensors, sha256: metadata.sha256 };
}

export const moduleHash = () => createHash('sha256').update(readFileSync(modulePath)).digest('hex');

function renew(python: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'glow-module-'));
  const at = (name: string) => path.join(folder, name);
  try {
    copyFileSync(modulePath, at('glow.py'));
    moduleCases.forEach(({ checkpoint, x, label, direction }, i) => {
      writeFileSync(at(`${i}.safetensors`), encodeCheckpoint(checkpoint));
      const named = Object.entries(direction).map(([key, value]) => [`direction.${key}`, f64(value)]);
      const inputs = { x: f64(x), ...(label && { label: f64(label) }), ...Object.fromEntries(named) };
      writeFileSync(at(`${i}.in.safetensors`), encodeSafetensors(inputs));
    });
    execFileSync(python, [path.join(root, 'bench/peers/module.py'), folder], { stdio: 'inherit' });
    const kept: Record<string, SafetensorsInput> = {};
    moduleCases.forEach((_, i) => {
      const { tensors } = parseSafetensors(readFileSync(at(`${i}.out.safetensors`)));
      for (const [name, value] of Object.entries(tensors)) {
        kept[`${i}.${name}`] = name.startsWith('float32')
          ? ({ ...value, dtype: 'F32' } as SafetensorsInput)
          : value;
      }
    });
    kept.saved = bytesOf(at(`${savedCase}.saved.safetensors`));
    kept.pt = bytesOf(at(`${savedCase}.pt`));
    writeFileSync(fixture, encodeSafetensors(kept, { sha256: moduleHash() }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const f64 = ({ shape, data }: Float64Tensor) => ({ dtype: 'F64' as const, shape, data });

function bytesOf(file: string): SafetensorsInput {
  const data = new Uint8Array(readFileSync(file));
  return { dtype: 'U8', shape: [data.length], data };
}
