import { checkOptions, describe, looksLikeOptions } from '@glow-onnx/flow/manifest';
import { forgetful, keyValueCache } from './folder/key-value-cache.js';
import { graphsForRuntimes, loadGraphs } from './folder/load-graphs.js';
import { openCache } from './folder/model-cache.js';
import { allOrNone, type ModelFolder, readVerified } from './folder/model-folder.js';
import { type ModelSource, storeOf } from './folder/model-source.js';
import { ofOneVersion } from './folder/one-version.js';
import { type LoadGlow, type LoadOptions, loadRules } from './load-options.js';
import { createModel } from './model/create-model.js';
import { createMemoryBudget } from './model/memory-budget.js';
import type { GlowModel } from './model/model.js';
import { limitsOf } from './pictures/limits.js';
import type { Platform } from './platform.js';
import { type Derivatives, openGraphs } from './sessions/open-graphs.js';
import { untilAborted } from './worker/until-aborted.js';

const goldenPath = 'golden.safetensors';

export function createLoadGlow(platform: Platform): LoadGlow {
  return async (source, options = {}) => {
    if (looksLikeOptions(source, loadRules)) {
      throw new TypeError(
        `loadGlow: expected a model folder, got ${describe(source)}; call it as loadGlow(source, options)`,
      );
    }
    checkOptions('loadGlow', options, loadRules);
    const { signal, worker = false } = options;
    signal?.throwIfAborted();
    const loading =
      worker === false
        ? load(platform, source, options)
        : import('./worker/client.js').then(({ loadInWorkers }) =>
            loadInWorkers(platform, source, { ...options, worker }),
          );
    return untilAborted(loading, signal).catch((error) => {
      loading.then((model) => model.dispose()).catch(() => undefined); // aborted: the model comes too late
      throw error;
    });
  };
}

async function load(
  platform: Platform,
  source: ModelSource,
  {
    device = 'auto',
    precision = 'fp32',
    selfTest = true,
    keepLatents = false,
    batchSize,
    maxPixels,
    maxBytes,
    maxMemory,
    cache: cacheChoice,
    idleTimeoutMs,
    privateRedirects,
    hub,
    onProgress,
    signal,
    ...runtimeOptions
  }: LoadOptions,
): Promise<GlowModel> {
  const network = { idleTimeoutMs, privateRedirects, hub };
  const codec = platform.createCodec(limitsOf({ maxPixels, maxBytes }), network);
  const { sha256 } = platform;
  const store = await storeOf(platform, source, network);
  const cache = openCache(platform, cacheChoice);
  const cacheOfFiles = store.url === undefined ? undefined : cache;
  const folder: ModelFolder = { store, sha256, cache: cacheOfFiles, onProgress, signal };
  const { manifest, graphs } = await ofOneVersion(folder, async ({ manifest, sha256: fingerprint }) => {
    const hasGolden = manifest.files.some(({ path }) => path === goldenPath);
    const { config } = manifest;
    const derivatives: Derivatives = {
      // Read again: nobody who only encodes holds the weights for it, nor downloads the code.
      async derive(kind) {
        const { deriveGraph } = await import('./gradients/derive-graph.js');
        const again = await loadGraphs(
          { ...folder, onProgress: undefined, signal: undefined },
          manifest,
          precision,
        );
        return deriveGraph(kind, again, { config, precision });
      },
      async check(kind, device, runs) {
        const { checkDerivative } = await import('./gradients/check-derivative.js');
        return checkDerivative(kind, device, config, runs);
      },
    };
    const open = (part: ModelFolder) =>
      openGraphs(platform, graphsForRuntimes(part, manifest, precision), {
        ...runtimeOptions,
        device,
        selfTest:
          selfTest && hasGolden
            ? {
                manifest,
                fingerprint,
                precision,
                golden: () => readVerified(folder, manifest, goldenPath),
                cache: cache ? keyValueCache(cache, sha256) : forgetful,
              }
            : undefined,
        derivatives,
        keepLatents: keepLatents ? manifest.latents.map(({ name }) => name) : undefined,
      });
    return { manifest, graphs: await allOrNone(folder, open) };
  });
  if (!signal?.aborted) onProgress?.({ status: 'ready', name: store.name });
  const resourcesNow = () => platform.resources(graphs.device);
  const memory = createMemoryBudget(manifest.config, graphs.device, resourcesNow, maxMemory);
  return createModel({ manifest, precision, graphs, memory, codec, batchSize });
}
