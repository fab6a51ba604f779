import { access } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { checkVersion, describeIssue, isObject, parseJson } from '@glow-onnx/flow/internal';
import { AdvisedError, nodeCodec, readWholeFile, withChannels } from '@glow-onnx/runtime/internal-node';
import * as z from 'zod/mini';
import { type DatasetOptions, type LoadedImages, pickEvenly } from './dataset.js';
import type { Labels } from './labels.js';
import { createPixelWriter } from './pixel-store.js';
import { checkRegularFile } from './regular-file.js';

/** A sheet may have a million tiles of 16×16. */
const codec = nodeCodec({ maxPixels: 2 ** 28, maxBytes: 2 ** 30 });
/** The longest description: 60 attributes of a million tiles, a digit each. */
const maxDescription = { maxLength: 2 ** 26, maxValues: 2 ** 13 };
/** A label is one base-36 digit. */
const maxValues = 36;

const side = z.int().check(z.minimum(1), z.maximum(16384));

/** The .json beside a sheet. Tile i is in row ⌊i / columns⌋, column i mod columns. */
const sheetSchema = z.object({
  format: z.literal('glow-onnx-sheet'),
  version: z.literal(1),
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  /** File name of the image, in the same folder. */
  image: z.string().check(z.regex(/^[^/\\]+$/)),
  tile: z.object({ width: side, height: side }),
  columns: z.int().check(z.minimum(1)),
  count: z.int().check(z.minimum(1)),
  /** Attribute → its values, and for each tile the number of its value as a base-36 digit. */
  labels: z.optional(
    z.record(
      z.string(),
      z.object({
        values: z.array(z.string()).check(z.minLength(1), z.maxLength(maxValues)),
        indices: z.string().check(z.regex(/^[0-9a-z]*$/)),
      }),
    ),
  ),
});

type Sheet = z.infer<typeof sheetSchema>;

/**
 * The .json of a sheet from the path of the .json or of its image.
 * @returns undefined if the path is neither.
 * @throws Error if it is an image without a .json beside it.
 */
export async function findSheet(path: string): Promise<string | undefined> {
  const extension = extname(path).toLowerCase();
  if (extension === '.json') return path;
  if (!['.png', '.jpg', '.jpeg', '.webp'].includes(extension)) return undefined;
  const description = `${path.slice(0, -extension.length)}.json`;
  await access(description).catch((cause: unknown) => {
    throw new Error(
      `data: ${path} is a single image, expected ${description} beside it to describe its tiles; ` +
        'pass a folder of images or a sheet',
      { cause },
    );
  });
  return description;
}

/**
 * Cuts a sheet into its tiles.
 * @throws Error or RangeError if the description, the image and the options do not agree.
 */
export async function readSheet(path: string, options: DatasetOptions): Promise<LoadedImages> {
  const sheet = await readDescription(path);
  const { height, width } = sheet.tile;
  const { size = sheet.tile } = options;
  if (size.height !== height || size.width !== width) {
    throw new AdvisedError(
      `data: ${path} has tiles of ${height}×${width}, expected ${size.height}×${size.width}`,
      'size',
      'leave out --size',
    );
  }
  const { data, channels, rowBytes } = await readImage(path, sheet);
  if (options.channels !== undefined && options.channels !== channels) {
    throw new AdvisedError(
      `data: ${path} has ${channels} channels, expected ${options.channels}`,
      'channels',
      'leave out --channels',
    );
  }
  const pick = pickEvenly(sheet.count, options.limit);
  const pixels = createPixelWriter(height * width * channels, options.maxBytes);
  const tile = new Uint8Array(height * width * channels);
  for (let index = 0; index < sheet.count; index++) {
    options.signal?.throwIfAborted();
    if (!pick(index)) continue;
    const top = Math.floor(index / sheet.columns) * height;
    const left = (index % sheet.columns) * width * channels;
    for (let y = 0; y < height; y++) {
      const from = (top + y) * rowBytes + left;
      tile.set(data.subarray(from, from + width * channels), y * width * channels);
    }
    await pixels.add(tile);
  }
  const labels = readLabels(path, sheet, pick);
  const common = { name: sheet.name, height, width, channels };
  return { ...common, pixels: await pixels.finish(), ...(labels && { labels }) };
}

async function readDescription(path: string): Promise<Sheet> {
  const where = `data: ${path}`;
  const value = await checkRegularFile(path)
    .then(() => readWholeFile(path, maxDescription.maxLength))
    .then((bytes) => parseJson(bytes, { where, ...maxDescription }))
    .catch((cause: Error) => {
      throw new Error(`${cause.message}; pass a sheet's .json, a folder or an IDX file`, { cause });
    });
  if (isObject(value) && value.format === 'glow-onnx-sheet') checkVersion(where, value.version, 1);
  const result = sheetSchema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`data: ${path} does not describe a sheet: ${describeIssue(result.error, value)}`);
}

async function readImage(path: string, sheet: Sheet) {
  const file = join(dirname(path), sheet.image);
  const image = await checkRegularFile(file)
    .then(() => codec.read(resolve(file)))
    .catch((cause: unknown) => {
      throw new Error(`data: ${file} cannot be read; create the sheet again`, { cause });
    });
  const width = sheet.columns * sheet.tile.width;
  const height = Math.ceil(sheet.count / sheet.columns) * sheet.tile.height;
  if (image.width !== width || image.height !== height) {
    throw new RangeError(
      `data: ${file} is ${image.height}×${image.width}, expected ${height}×${width} (height × width) for ${sheet.count} ` +
        `tiles in ${sheet.columns} columns as in ${path}; create the sheet again`,
    );
  }
  const channels = image.channels < 3 ? 1 : 3;
  return { data: withChannels(image, channels, file).data, channels, rowBytes: width * channels } as const;
}

function readLabels(
  path: string,
  sheet: Sheet,
  pick: (index: number) => boolean,
): Record<string, Labels> | undefined {
  if (!sheet.labels) return undefined;
  return Object.fromEntries(
    Object.entries(sheet.labels).map(([name, { values, indices: digits }]) => {
      const all = Uint16Array.from(digits, (digit) => Number.parseInt(digit, 36));
      if (all.length !== sheet.count || all.some((index) => index >= values.length)) {
        throw new RangeError(
          `data: ${path}: labels.${name}.indices: expected ${sheet.count} digits below ${values.length} in base 36, ` +
            `got ${digits.length} digits, the largest ${all.reduce((a, b) => Math.max(a, b), 0)}; create the sheet again`,
        );
      }
      return [name, { values, indices: all.filter((_, index) => pick(index)) }];
    }),
  );
}
