import { printable } from '@glow-onnx/flow/manifest';
import type { GlowModel } from '@glow-onnx/runtime/node';
import type { Batcher } from './batcher.js';
import { HttpError } from './http-error.js';
import { type Endpoint, endpointsOf } from './protocol/endpoints.js';

/** A loaded model with the queue of its requests. */
export interface ServedModel {
  readonly name: string;
  readonly version: number;
  readonly model: GlowModel;
  readonly batcher: Batcher;
}

/** Where a request says which model it means: the names of a path. */
export interface ModelPath {
  readonly model: string;
  readonly version?: string;
}

/** What the protocol calls a model: an endpoint of a served model. */
export interface ProtocolModel extends Endpoint {
  /** Such as `faces-encode`. */
  readonly name: string;
  readonly served: ServedModel;
}

/** Finds models by their paths. Without a version the highest one is meant. */
export interface ModelFinder<Found> {
  /** @throws HttpError 404 with the names or versions there are. */
  find(path: ModelPath): Found;
  /** The versions of a name as texts, the oldest first. */
  versionsOf(name: string): string[];
  readonly names: readonly string[];
}

export function findServed(served: readonly ServedModel[]): ModelFinder<ServedModel> {
  return createFinder(served.map((each) => [each.name, each.version, each]));
}

export function findProtocolModels(served: readonly ServedModel[]): ModelFinder<ProtocolModel> {
  return createFinder(
    served.flatMap((each) =>
      endpointsOf(each.model).map((endpoint) => {
        const name = `${each.name}-${endpoint.kind}`;
        return [name, each.version, { ...endpoint, name, served: each }] as const;
      }),
    ),
  );
}

function createFinder<Found>(entries: readonly (readonly [string, number, Found])[]): ModelFinder<Found> {
  const byName = new Map<string, Map<string, Found>>();
  for (const [name, version, found] of [...entries].sort(([, a], [, b]) => a - b)) {
    byName.set(name, (byName.get(name) ?? new Map()).set(String(version), found));
  }
  const names = [...byName.keys()];
  const versionsOf = (name: string) => [...(byName.get(name)?.keys() ?? [])];
  return {
    names,
    versionsOf,
    find({ model, version }) {
      const versions = byName.get(model);
      if (!versions) throw notFound(`unknown model ${shown(model)}; the models are ${names.join(', ')}`);
      const found = version === undefined ? [...versions.values()].at(-1) : versions.get(version);
      if (found !== undefined) return found;
      throw notFound(
        `${model} has no version ${shown(version ?? '')}; it has ${versionsOf(model).join(', ')}`,
      );
    },
  };
}

function shown(text: string): string {
  return printable(JSON.stringify(text.slice(0, 100)));
}

function notFound(message: string): HttpError {
  return new HttpError(404, message);
}
