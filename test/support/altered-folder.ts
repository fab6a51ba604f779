import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '@glow-onnx/flow';
import {
  encodeManifest,
  encodeSafetensors,
  type ManifestFacts,
  parseSafetensors,
} from '@glow-onnx/flow/internal';
import { onnx } from 'onnx-proto';

/** Changes one file of a model folder, and lets the manifest vouch for the change. */
export async function alterFile(
  folder: string,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const bytes = change(await readFile(join(folder, path)));
  await writeFile(join(folder, path), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const vouch = (file: Manifest['files'][number]) =>
    file.path === path ? { path, bytes: bytes.length, sha256 } : file;
  await alterManifest(folder, (manifest) => ({ ...manifest, files: manifest.files.map(vouch) }));
}

/** Changes the manifest of a model folder, with the checksum that the export would have written. */
export async function alterManifest(
  folder: string,
  change: (manifest: Manifest) => ManifestFacts,
): Promise<void> {
  const path = join(folder, 'manifest.json');
  await writeFile(path, encodeManifest(change(parseManifest(await readFile(path)))));
}

/** Golden values of which one tensor is off by this much in one place. */
export function shiftGolden(bytes: Uint8Array, name: string, by: number): Uint8Array {
  const { tensors, metadata } = parseSafetensors(bytes);
  const { data } = tensors[name] as { data: Float32Array };
  data[data.length - 1] = (data[data.length - 1] as number) + by;
  return encodeSafetensors(tensors, metadata);
}

/** A graph in which the first weight of the first kernel is NaN. */
export function spoilWeights(bytes: Uint8Array): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const kernel = model.graph?.initializer?.find(({ dims }) => dims?.length === 4) as onnx.ITensorProto;
  kernel.rawData = Uint8Array.from(kernel.rawData as Uint8Array);
  new Float32Array(kernel.rawData.buffer)[0] = Number.NaN;
  return onnx.ModelProto.encode(model).finish();
}

/**
 * A graph whose 3×3 convolutions of 8 channels, two of them of no weight, read the other 6 alone: the same function,
 * and what WebGPU of ONNX Runtime 1.30 miscomputes.
 */
export function readSixChannels(bytes: Uint8Array): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const { node = [], initializer = [] } = model.graph as onnx.IGraphProto;
  const tensors = new Map((initializer ?? []).map((tensor) => [tensor.name, tensor]));
  const slices = new Map((node ?? []).map((one) => [one.output?.[0], one]));
  let changed = 0;
  for (const { opType, input } of node ?? []) {
    const kernel = tensors.get(input?.[1]);
    const slice = slices.get(input?.[0]);
    if (opType !== 'Conv' || slice?.opType !== 'Slice' || Number(kernel?.dims?.[1]) !== 8) continue;
    const outputs = Number(kernel?.dims?.[0]);
    const raw = Uint8Array.from(kernel?.rawData as Uint8Array);
    const weights = new Float32Array(raw.buffer);
    const isUsed = (channel: number) => weights[channel * 9] !== 0;
    const first = [0, 1, 2].find(isUsed) as number;
    const kept = new Float32Array(outputs * 6 * 9);
    for (let o = 0; o < outputs; o++) {
      kept.set(weights.subarray((o * 8 + first) * 9, (o * 8 + first + 6) * 9), o * 6 * 9);
    }
    Object.assign(kernel as object, { dims: [outputs, 6, 3, 3], rawData: new Uint8Array(kept.buffer) });
    const [, starts, ends] = (slice.input ?? []).map((name) => tensors.get(name));
    const begin = Number(new BigInt64Array(Uint8Array.from(starts?.rawData as Uint8Array).buffer)[0]) + first;
    for (const [tensor, value] of [
      [starts, begin],
      [ends, begin + 6],
    ] as const) {
      const name = `${tensor?.name}/${input?.[0]}`;
      const rawData = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
      if (!tensors.has(name)) initializer?.push({ ...tensor, name, rawData });
      slice.input?.splice(tensor === starts ? 1 : 2, 1, name);
    }
    changed++;
  }
  if (changed === 0) throw new Error('the graph has no convolution of 8 channels');
  delete model.graph?.valueInfo;
  return onnx.ModelProto.encode(model).finish();
}
