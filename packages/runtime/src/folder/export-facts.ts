import {
  difference,
  type Manifest,
  type Precision,
  parseConfig,
  parseJsonObject,
} from '@glow-onnx/flow/manifest';

/** What a manifest says about an export. The metadata of each graph say it too. */
export type ExportFacts = Pick<Manifest, 'config' | 'producer' | 'license'>;

const configLimits = { maxLength: 2 ** 16, maxValues: 2 ** 10 };

/**
 * Compares a manifest with the metadata of one of its graphs, which the same export wrote. A config that differs from
 * the export's would load, and give other images.
 * @param metadata the graph's `metadata_props`.
 * @param where the graph in messages.
 * @throws RangeError naming the field; SyntaxError if the graph's config is not JSON.
 */
export function checkExportFacts(
  metadata: ReadonlyMap<string, string>,
  { config, producer, license }: ExportFacts,
  precision: Precision,
  where: string,
): void {
  const text = metadata.get('config');
  if (text === undefined) {
    throw new RangeError(
      `${where}: expected the config of its export in its metadata; export the model again`,
    );
  }
  const exported = {
    config: parseConfig(parseJsonObject(text, { where: `${where}: metadata config`, ...configLimits })),
    precision: metadata.get('precision'),
    producer: metadata.get('producer'),
    license: metadata.get('license'),
  };
  const stated = {
    config,
    precision,
    producer: `${producer.name} ${producer.version}`,
    license: license ?? 'not stated',
  };
  const found = difference(stated, exported, '');
  if (!found) return;
  throw new RangeError(
    `${where} was exported with ${found.path} ${found.expected}, manifest.json says ${found.got}; ` +
      'copy the model folder again, or export the model again',
  );
}
