import {
  describe,
  type GlowConfig,
  type GraphVariant,
  type Manifest,
  type Precision,
  printable,
} from '@glow-onnx/flow/manifest';

/** What stored latents need of the model that they belong to. */
export interface LatentsModel {
  readonly config: GlowConfig;
  readonly manifest: Manifest;
  readonly precision: Precision;
}

/** The sha256 of the file that decides z: the variant's weights, or its encode graph if the weights are inside. */
export function identityOf({ manifest, precision }: Omit<LatentsModel, 'config'>): string {
  const { weights, encode } = manifest.variants[precision] as GraphVariant;
  return manifest.files.find(({ path }) => path === (weights ?? encode))?.sha256 ?? 'unknown';
}

/** @throws RangeError if stored latents name another model. */
export function refuseForeign(
  model: LatentsModel,
  { model: other, precision }: { readonly model?: unknown; readonly precision?: unknown },
): void {
  const own = identityOf(model);
  if (other === undefined || other === own) return;
  const short = (identity: unknown) => printable(String(identity).slice(0, 12));
  throw new RangeError(
    `latents: they belong to the model with weights ${short(other)}… (${short(precision)}), this model has ` +
      `${short(own)}… (${model.precision}); load that model, or encode the images again`,
  );
}

/** @throws TypeError unless these are the latents of several images. */
export function checkList(where: string, z: unknown): void {
  if (Array.isArray(z)) return;
  throw new TypeError(`${where}: z must be a list of latents, such as encode returns, got ${describe(z)}`);
}

/** Checks what may come beside latents. @throws TypeError for another form; RangeError for another number of items. */
export function checkFacts(
  where: string,
  { logProb, names }: { readonly logProb?: unknown; readonly names?: unknown },
  count: number,
): void {
  checkItems(where, 'logProb', logProb, count, Number.isFinite, 'finite numbers');
  checkItems(where, 'names', names, count, (name) => typeof name === 'string', 'texts');
}

function checkItems(
  where: string,
  name: string,
  list: unknown,
  count: number,
  holds: (item: unknown) => boolean,
  items: string,
): void {
  if (list === undefined) return;
  if (!Array.isArray(list) || !list.every(holds)) {
    throw new TypeError(`${where}: ${name} must be a list of ${items}, got ${describe(list)}`);
  }
  if (list.length === count) return;
  throw new RangeError(`${where}: ${name}: expected ${count}, one for each image, got ${list.length}`);
}
