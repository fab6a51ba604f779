import { describe, printable } from '@glow-onnx/flow/manifest';
import { readHeader } from '@glow-onnx/runtime/internal-node';
import type { GlowModel, PictureSize } from '@glow-onnx/runtime/node';
import { checkPixels } from '../check-limits.js';
import { asClientError, HttpError } from '../http-error.js';
import type { Limits } from '../options.js';

/** The bytes of a picture, and its size. Its header is checked here, before a worker decodes it. */
export function pictureOf(
  body: Buffer | undefined,
  limits: Limits,
): { readonly picture: Uint8Array; readonly size: PictureSize } {
  const picture = new Uint8Array(body ?? []);
  const size = asClientError(() => readHeader(picture));
  checkPixels(limits, size);
  return { picture, size };
}

/** The size at which the model sees a picture, or up to 2^levels more on a side. */
export function seenSize(
  { config }: Pick<GlowModel, 'config'>,
  fit: string | undefined,
  { height, width }: PictureSize,
): PictureSize {
  if (fit === undefined || fit === 'cover') return config;
  const unit = 2 ** config.levels;
  const up = (side: number) => unit * Math.ceil(side / unit);
  return { height: up(height), width: up(width) };
}

/** The query of a request. @throws HttpError 400 if a name is unknown or given twice. */
export function queryOf<Name extends string>(
  query: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): { readonly [Each in Name]?: string } {
  for (const [name, value] of Object.entries(query)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new HttpError(
        400,
        `unknown ${printable(name.slice(0, 40))} in the query; it may have ${names.join(', ')}`,
      );
    }
    if (typeof value !== 'string') throw new HttpError(400, `the query has ${name} twice`);
  }
  return query as { readonly [Each in Name]?: string };
}

/** The class of a query. An empty one counts as left out. */
export function labelOf(label: string | undefined): string | undefined {
  return label === '' ? undefined : label;
}

export function seedOf(text = '0'): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new HttpError(400, `seed must be an integer from 0 on, got ${describe(text)}`);
}

export function temperatureOf(text = '1'): number {
  const temperature = Number(text);
  if (text.trim() !== '' && temperature >= 0 && temperature <= 10) return temperature;
  throw new HttpError(400, `temperature must be a number from 0 to 10, got ${describe(text)}`);
}
