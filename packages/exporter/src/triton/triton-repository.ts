import { rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type GraphKind, graphKinds } from '@glow-onnx/runtime/internal';
import { openStore, readManifest, readVerified, sha256, writeFolder } from '@glow-onnx/runtime/internal-node';
import { tritonConfig } from './triton-config.js';

/** The models of a repository that a model folder becomes, each with its folder. */
function placesOf(folder: string, repository: string): { graph: GraphKind; name: string; place: string }[] {
  return graphKinds.map((graph) => {
    const name = `${basename(resolve(folder))}-${graph}`;
    return { graph, name, place: join(repository, name) };
  });
}

/** @throws Error if the repository has one of these models already. Models of a server are not replaced. */
export async function checkRepository(folder: string, repository: string): Promise<void> {
  for (const { name, place } of placesOf(folder, repository)) {
    if (!(await stat(place).catch(() => undefined))) continue;
    throw new Error(`--triton ${repository} has a model ${name}; remove it, or pass another folder`);
  }
}

/**
 * Adds the graphs of a model folder to a model repository of Triton, as two models: `NAME-encode` and `NAME-decode`, of
 * precision fp32, with a copy of the weights each. Both appear complete, or none.
 * @returns the names of the models.
 */
export async function addToRepository(folder: string, repository: string): Promise<string[]> {
  const store = openStore(folder);
  const { manifest } = await readManifest({ store, sha256 });
  const { fp32 } = manifest.variants;
  const written: string[] = [];
  try {
    const places = placesOf(folder, repository);
    for (const { graph, name, place } of places) {
      await writeFolder('--triton', place, false, async (_temporary, write) => {
        const paths = [fp32[graph], ...(fp32.weights === null ? [] : [fp32.weights])];
        for (const path of paths) {
          await write(`1/${basename(path)}`, [await readVerified({ store, sha256 }, manifest, path)]);
        }
        await write('config.pbtxt', [tritonConfig(name, graph, basename(fp32[graph]), manifest.config)]);
      });
      written.push(place);
    }
    return places.map(({ name }) => name);
  } catch (error) {
    for (const place of written) await rm(place, { recursive: true, force: true });
    throw error;
  }
}
