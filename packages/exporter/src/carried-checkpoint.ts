import { type Checkpoint, createGlow, type Manifest, parseCheckpoint } from '@glow-onnx/flow';
import { difference } from '@glow-onnx/flow/internal';

/** The checkpoint that a model folder may carry, listed in its manifest. The runtime does not read it. */
export const checkpointName = 'checkpoint.safetensors';

/** Whether a model folder carries its checkpoint. */
export function carriesCheckpoint({ files }: Pick<Manifest, 'files'>): boolean {
  return files.some(({ path }) => path === checkpointName);
}

/**
 * What a checkpoint is made of that goes with its graphs: the parameters they use, and the facts about training. A
 * dequantiser is not part of it.
 */
export function modelAlone({ config, params, ema, training }: Checkpoint): Checkpoint {
  const values = ema ?? params.trainable;
  const names = createGlow(config).params.flatMap(({ name, kind }) => (kind === 'trainable' ? name : []));
  return {
    config,
    params: { trainable: Object.fromEntries(names.map((name) => [name, values[name]])), fixed: params.fixed },
    initialised: true,
    ...(training && { training }),
  };
}

/** @throws SyntaxError or RangeError if the file is damaged, of a newer release, or has another config. */
export function parseCarried(bytes: Uint8Array, { config }: Pick<Manifest, 'config'>): Checkpoint {
  const checkpoint = parseCheckpoint(bytes);
  const differs = difference(checkpoint.config, config, 'config');
  if (!differs) return checkpoint;
  throw new RangeError(
    `${differs.path} is ${differs.got}, manifest.json says ${differs.expected}; ` +
      'copy the model folder again, or export the model again',
  );
}
