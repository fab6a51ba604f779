import { checkVersion, describe, type Precision } from '@glow-onnx/flow/manifest';
import { checkLatents, isExtent, type LatentLevel, type Latents, levelShapes } from './latents.js';
import { type LatentsFile, latentsFormat, newestVersion } from './latents-file.js';
import { checkFacts, checkList, identityOf, type LatentsModel, refuseForeign } from './latents-model.js';

/** One level's latent of one image, as JSON can hold it. */
export interface LatentLevelJson {
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number];
  /** The numbers as little-endian float32, row-major, in base64. */
  readonly data: string;
}

/** Latents of images as plain objects, texts and numbers. It names the model that they belong to. */
export interface LatentsJson {
  readonly format: 'glow-latents';
  readonly version: number;
  /** sha256 of the file that decides the latents: the weights of the model. */
  readonly model: string;
  readonly precision: Precision;
  /** For each image its levels, the finest first. */
  readonly z: readonly { readonly levels: readonly LatentLevelJson[] }[];
  /** Log densities in nats. */
  readonly logProb?: readonly number[];
  /** The names of the images. */
  readonly names?: readonly string[];
}

/**
 * Latents, or directions, in a form that `JSON.stringify` keeps to the last bit. The images may differ in size.
 * @param latents such as `encode` returns them.
 * @throws TypeError or RangeError if the latents do not fit the model, or the number of names or densities differs.
 * @example
 * response.json(latentsToJson(glow, await glow.encode(picture)));
 */
export function latentsToJson(model: LatentsModel, latents: LatentsFile): LatentsJson {
  const where = 'latentsToJson';
  checkList(where, latents?.z);
  const { z, logProb, names } = latents;
  for (const [i, each] of z.entries()) checkLatents(model.config, each, `${where}: z[${i}]`);
  checkFacts(where, { logProb, names }, z.length);
  return {
    format: latentsFormat,
    version: newestVersion,
    model: identityOf(model),
    precision: model.precision,
    z: z.map(({ levels }: Latents) => ({
      levels: levels.map(({ shape, data }) => ({ shape: [...shape], data: toBase64(data) })),
    })),
    ...(logProb && { logProb: [...logProb] }),
    ...(names && { names: [...names] }),
  };
}

/**
 * Reads what `latentsToJson` made, after `JSON.parse`. Its source is not trusted: every shape, length and number is
 * checked.
 * @returns the latents, to the last bit. `decode` takes them.
 * @throws TypeError if it has another form; RangeError if it is of a newer version or belongs to another model, or if a
 *   level does not fit the model or holds a number that is not finite.
 * @example
 * const { z } = latentsFromJson(glow, await response.json());
 * const images = await glow.decode(z);
 */
export function latentsFromJson(model: LatentsModel, json: unknown): LatentsFile {
  const given = (json ?? {}) as Partial<LatentsJson>;
  if (typeof json !== 'object' || given.format !== latentsFormat || !Array.isArray(given.z)) {
    const advice = typeof json === 'string' ? '; parse it first' : '';
    throw new TypeError(
      `latents: expected the object that latentsToJson makes, got ${describe(json)}${advice}`,
    );
  }
  checkVersion('latents', given.version, newestVersion);
  refuseForeign(model, { model: given.model, precision: given.precision });
  const z = given.z.map((image, i) => latentsOf(model, image, `latents: z[${i}]`));
  const { logProb, names } = given;
  checkFacts('latents', { logProb, names }, z.length);
  return { z, ...(logProb && { logProb }), ...(names && { names }) };
}

function latentsOf({ config }: LatentsModel, image: unknown, where: string): Latents {
  const { levels } = (image ?? {}) as { levels?: unknown };
  if (!Array.isArray(levels) || levels.length !== config.levels) {
    throw new TypeError(`${where}: expected ${config.levels} levels, got ${describe(levels)}`);
  }
  const finest: unknown = levels[0]?.shape;
  if (!Array.isArray(finest) || finest.length !== 3) {
    throw new TypeError(`${where}: level 0 has shape ${describe(finest)}, expected a list of 3 numbers`);
  }
  const [, h, w] = finest;
  const shapes = levelShapes(config, h * 2, w * 2);
  const latents = {
    levels: shapes.map((shape, level): LatentLevel => {
      const got = (levels[level] ?? {}) as Partial<LatentLevelJson>;
      const fits = shape.every((extent, axis) => isExtent(extent) && got.shape?.[axis] === extent);
      if (!fits || got.shape?.length !== 3) {
        throw new RangeError(
          `${where}: level ${level} has shape ${describe(got.shape)}, expected [${shape.join(', ')}]`,
        );
      }
      return {
        shape,
        data: fromBase64(got.data, shape[0] * shape[1] * shape[2], `${where}: level ${level}`),
      };
    }),
  };
  checkLatents(config, latents, where);
  return latents;
}

/** Bytes at a time: an argument list has a limit. */
const piece = 2 ** 13;

function toBase64(data: Float32Array): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += piece) {
    text += String.fromCharCode(...bytes.subarray(at, at + piece));
  }
  return btoa(text);
}

/** @throws TypeError unless the text is base64 of so many numbers. Its length is checked before it is decoded. */
function fromBase64(text: unknown, count: number, where: string): Float32Array {
  const length = 4 * Math.ceil((4 * count) / 3);
  if (typeof text !== 'string' || text.length !== length || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new TypeError(
      `${where}: expected base64 of ${count} float32, ${length} characters, got ${describe(text)}`,
    );
  }
  const decoded = atob(text);
  const bytes = new Uint8Array(decoded.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = decoded.charCodeAt(at); // four times as fast as Uint8Array.from
  if (bytes.length !== 4 * count) {
    throw new TypeError(`${where}: expected base64 of ${4 * count} bytes, got ${bytes.length}`);
  }
  return new Float32Array(bytes.buffer);
}
