import type { Checkpoint, Manifest } from '@glow-onnx/flow';
import { latentChannels } from '@glow-onnx/flow/internal';
import { producer } from '../producer.js';
import type { WriteFile, WrittenFile } from '../write-folder.js';
import { modelCard } from './model-card.js';
import { preprocessingOf } from './preprocessing.js';

/** The facts about a built and verified model that its checkpoint does not hold. */
export interface ModelFacts extends Pick<Manifest, 'files' | 'measured'> {
  readonly claims: Pick<Manifest, 'config' | 'variants' | 'toleranceFactor'>;
  readonly license: string | undefined;
  /** Number of trained parameters. */
  readonly parameters: number;
}

/** The last step of an export: writes the manifest for programs and the model card for people. */
export async function describeModel(
  { config, training }: Checkpoint,
  { claims, files, measured, license, parameters }: ModelFacts,
  write: WriteFile,
): Promise<WrittenFile[]> {
  const manifest: Manifest = {
    formatVersion: 1,
    producer,
    ...claims,
    preprocessing: preprocessingOf(config),
    latents: Array.from({ length: config.levels }, (_, l) => ({
      name: `z${l}`,
      channels: latentChannels(config, l),
      downscale: 2 ** (l + 1),
    })),
    files,
    ...(license !== undefined && { license }),
    training: training ?? null,
    measured,
  };
  return [
    await write('manifest.json', [`${JSON.stringify(manifest, null, 2)}\n`]),
    await write('README.md', [modelCard(manifest, parameters)]),
  ];
}
