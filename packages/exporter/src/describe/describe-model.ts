import type { Checkpoint, Manifest } from '@glow-onnx/flow';
import { encodeManifest, type ManifestFacts } from '@glow-onnx/flow/internal';
import type { WriteFile, WrittenFile } from '@glow-onnx/runtime/internal-node';
import { producer } from '../producer.js';
import { modelCard } from './model-card.js';

/** The facts about a built and verified model that its checkpoint does not hold. */
export interface ModelFacts extends Pick<Manifest, 'files' | 'measured'> {
  readonly claims: Pick<Manifest, 'config' | 'variants' | 'toleranceFactor' | 'roundingError'>;
  readonly license: string | undefined;
  readonly samplesDivergeFrom?: number | undefined;
  /** Sentences for people. */
  readonly warnings?: readonly string[];
  /** Number of trained parameters. */
  readonly parameters: number;
}

/** The last step of an export: writes the manifest for programs and the model card for people. */
export async function describeModel(
  { training }: Checkpoint,
  { claims, files, measured, license, parameters, samplesDivergeFrom, warnings = [] }: ModelFacts,
  write: WriteFile,
): Promise<WrittenFile[]> {
  const manifest: ManifestFacts = {
    producer,
    ...claims,
    files,
    ...(license !== undefined && { license }),
    ...(samplesDivergeFrom !== undefined && { samplesDivergeFrom }),
    training: training ?? null,
    measured,
  };
  return [
    await write('manifest.json', [encodeManifest(manifest)]),
    await write('README.md', [modelCard(manifest, parameters, warnings)]),
  ];
}
