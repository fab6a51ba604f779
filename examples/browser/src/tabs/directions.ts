import { type GlowModel, type Latents, loadLatents } from '@glow-onnx/runtime';
import { type ReadFile, readJson, textOf } from '../model/read-file.js';

/** A direction in latent space, with the texts of its slider. */
export interface Direction {
  readonly label: string;
  /** The texts at the ends of the slider: against the direction, and along it. */
  readonly ends: readonly [string, string];
  readonly z: Latents;
}

/** An entry of the model's `directions/index.json`. */
interface DirectionEntry {
  readonly label: string;
  readonly fromLabel: string;
  readonly toLabel: string;
  /** The name of a file beside it. */
  readonly file: string;
}

const mostDirections = 40;

/**
 * Loads the directions of a model folder; an empty list if it has no `directions/index.json`.
 * @throws Error that names the file if one is missing or broken.
 */
export async function loadDirections(glow: GlowModel, read: ReadFile): Promise<Direction[]> {
  const entries = await readJson(read, 'directions/index.json', entriesOf);
  return Promise.all(
    (entries ?? []).map(async ({ label, fromLabel, toLabel, file }) => {
      const path = `directions/${file}`;
      const found = await read(path);
      if (!found) throw new Error(`${path}: directions/index.json names this file, but there is none`);
      const [z] = loadLatents(glow, new Uint8Array(await found.arrayBuffer())).z;
      return { label, ends: [fromLabel, toLabel], z: z as Latents };
    }),
  );
}

function entriesOf(list: unknown): DirectionEntry[] {
  if (!Array.isArray(list) || list.length > mostDirections) {
    throw new TypeError(`expected a list of at most ${mostDirections} directions`);
  }
  return list.map((entry) => ({
    label: textOf(entry ?? {}, 'label'),
    fromLabel: textOf(entry ?? {}, 'fromLabel'),
    toLabel: textOf(entry ?? {}, 'toLabel'),
    file: textOf(entry ?? {}, 'file'),
  }));
}

/** z + Σ strength · direction. If every strength is 0, the numbers of z stay exactly the same, and so do the pixels. */
export function addDirections(
  z: Latents,
  directions: readonly { readonly z: Latents; readonly strength: number }[],
): Latents {
  const moving = directions.filter(({ strength }) => strength !== 0);
  const levels = z.levels.map(({ shape, data }, level) => {
    const sum = Float32Array.from(data);
    for (const { z: direction, strength } of moving) {
      for (const [i, value] of direction.levels[level]?.data.entries() ?? []) {
        sum[i] = (sum[i] as number) + strength * value;
      }
    }
    return { shape, data: sum };
  });
  return { levels };
}
