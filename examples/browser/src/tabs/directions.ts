import { type GlowModel, type Latents, loadLatents } from '@glow-onnx/runtime';
import { get } from '../get.js';

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
  readonly file: string;
}

/** Loads the directions of a model folder; an empty list if it has no `directions/index.json`. */
export async function loadDirections(glow: GlowModel, folder: string): Promise<Direction[]> {
  const index = await fetch(`./${folder}/index.json`);
  if (index.status === 404) return [];
  if (!index.ok) throw new Error(`${folder}/index.json: the server answers with ${index.status}`);
  const entries: DirectionEntry[] = await index.json();
  return Promise.all(
    entries.map(async ({ label, fromLabel, toLabel, file }) => {
      const bytes = await (await get(`${folder}/${file}`)).arrayBuffer();
      const [z] = loadLatents(glow, new Uint8Array(bytes)).z;
      return { label, ends: [fromLabel, toLabel], z: z as Latents };
    }),
  );
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
