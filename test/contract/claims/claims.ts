import type { Tolerances } from '@glow-onnx/flow/internal';
import type { Device, GlowModel, Latents, LoadOptions, RawImage } from '@glow-onnx/runtime';
import { closeTo, equal, fails, isTrue } from './expect.js';
import { picture } from './pictures.js';

/** Model folders that every place can load: two small ones, models/pixel-faces, and two that are not whole. */
export type ModelName = 'colour' | 'classes' | 'faces' | 'wrong-golden' | 'changed-weights';

/** Numbers for `pictures`, in plain arrays. */
export interface Expected {
  /** By the float64 interpreter: per picture, per level. */
  readonly z: readonly (readonly (readonly number[])[])[];
  readonly logProb: readonly number[];
  /** By the cpu of Node. */
  readonly samples: readonly (readonly number[])[];
  readonly bitsPerDim: readonly number[];
}

/** A device somewhere: in Node, in a page, in a page's worker. */
export interface Place {
  readonly device: Device;
  /** Whether it says which processor it runs on: onnxruntime-node does not say which GPU. */
  readonly isNamed: boolean;
  readonly tolerances: Tolerances;
  readonly expected: Expected;
  /** The package as it is there. */
  readonly glow: Pick<typeof import('@glow-onnx/runtime'), 'encodePng' | 'loadLatents' | 'saveLatents'>;
  load(name: ModelName, options?: LoadOptions): Promise<GlowModel>;
}

/** What users are promised of a model, wherever it runs. Knows no test framework, because it runs in pages too. */
export interface Claim {
  readonly name: string;
  /** Too much for a GPU in software. */
  readonly isHeavy?: boolean;
  /** @param colour the model of this name, loaded. @throws Error saying what is not so. */
  holds(place: Place, colour: GlowModel): Promise<void>;
}

/** Of the model `colour`: 5 bits, two levels. */
const bits = 5;
export const pictures = [picture(0, 8, 8), picture(1, 8, 8), picture(2, 8, 16), picture(3, 12, 4)];
export const sampling = { count: 6, seed: 7, temperature: 0.8 };
/** At their own sizes. */
const asTheyAre = { fit: 'none' } as const;
export const scoring = { draws: 4, seed: 3, ...asTheyAre };

const claims: readonly Claim[] = [
  {
    name: 'runs on the device that was asked for, and passes its self-test there',
    async holds({ device, load }) {
      const fresh = await load('colour', { cache: false });
      equal(
        [fresh.device, fresh.skipped, fresh.selfTest],
        [device, [], 'passed'],
        'device, skipped, selfTest',
      );
      await fresh.dispose();
    },
  },
  {
    name: 'remembers that a device passed, if it can be told from others',
    async holds({ load, isNamed }) {
      const again = await load('colour');
      equal(again.selfTest, isNamed ? 'remembered' : 'passed', 'selfTest');
      await again.dispose();
    },
  },
  {
    name: 'encode gives the latents and the log density of float64, sizes mixed',
    async holds({ tolerances, expected }, colour) {
      const { z, logProb } = await colour.encode(pictures, asTheyAre);
      for (const [i, { levels }] of z.entries()) {
        for (const [level, { data }] of levels.entries()) {
          closeTo(data, expected.z[i]?.[level] ?? [], tolerances.latents, `picture ${i}, z${level}`);
        }
      }
      closeTo(logProb, expected.logProb, tolerances.logProb, 'logProb');
    },
  },
  {
    name: 'decode gives every pixel of an encoded picture back',
    async holds(_, colour) {
      const { z } = await colour.encode(pictures, asTheyAre);
      equal(binsOf(await colour.decode(z)), binsOf(pictures), 'pixels');
      equal(binsOf(await colour.reconstruct(pictures, asTheyAre)), binsOf(pictures), 'pixels of reconstruct');
    },
  },
  {
    name: 'encode takes what sample gives, and gives the very pixels back',
    async holds(_, colour) {
      const samples = await colour.sample(sampling);
      equal(dataOf(await colour.reconstruct(samples)), dataOf(samples), 'pixels');
    },
  },
  {
    name: 'sample draws the same pictures from one seed, others from another',
    async holds(_, colour) {
      const [first, again, other] = [
        await colour.sample(sampling),
        await colour.sample(sampling),
        await colour.sample({ ...sampling, seed: 8 }),
      ].map(dataOf);
      equal(again, first, 'pixels');
      isTrue(JSON.stringify(other) !== JSON.stringify(first), 'seed 8 draws what seed 7 draws');
    },
  },
  {
    name: 'sample draws what the cpu draws',
    async holds({ expected }, colour) {
      const samples = dataOf(await colour.sample(sampling));
      const far = samples.flatMap((pixels, i) =>
        pixels.filter((pixel, at) => Math.abs(pixel - (expected.samples[i]?.[at] ?? Number.NaN)) > 0),
      );
      // A value at the border of two bins may round the other way: 1 in 10,000 at these tolerances.
      isTrue(far.length <= 1, `${far.length} values differ from the cpu's`);
    },
  },
  {
    name: 'the batch size changes nothing',
    async holds({ load }, colour) {
      const single = await load('colour', { batchSize: 1 });
      equal(dataOf(await single.sample(sampling)), dataOf(await colour.sample(sampling)), 'samples');
      equal(binsOf(await single.reconstruct(pictures, asTheyAre)), binsOf(pictures), 'pixels');
      await single.dispose();
    },
  },
  {
    name: 'sample draws any size that the levels allow',
    async holds(_, colour) {
      const [image] = await colour.sample({ height: 4, width: 20 });
      equal([image?.height, image?.width, image?.channels], [4, 20, 3], 'height, width, channels');
    },
  },
  {
    name: "bits per dimension are the cpu's, draw for draw",
    async holds({ expected, tolerances }, colour) {
      closeTo(
        await colour.bitsPerDim(pictures, scoring),
        expected.bitsPerDim,
        tolerances.logProb,
        'bits/dim',
      );
      const again = await colour.bitsPerDim(pictures, scoring);
      equal(again, await colour.bitsPerDim(pictures, scoring), 'bits/dim');
    },
  },
  {
    name: 'an image of any size is brought to the size of the training images, and the result says so',
    async holds(_, colour) {
      const photo = picture(4, 30, 45);
      const fitted = { from: { height: 30, width: 45 }, to: { height: 8, width: 8 }, by: 'cover' };
      const told: unknown[] = [];
      const onFit = (change: unknown) => told.push(change);
      const encoded = await colour.encode([pictures[0] as RawImage, photo], { onFit });
      equal(encoded.fitted, [undefined, fitted], 'fitted');
      equal(told, [{ image: 1, ...fitted }], 'calls of onFit');
      const [seen] = await colour.prepare(photo);
      const [same] = await colour.reconstruct(photo);
      equal([same?.fitted, same?.height, same?.width], [fitted, 8, 8], 'fitted, height, width');
      equal(dataOf([same as RawImage]), dataOf([seen as RawImage]), 'pixels');
      const way = await colour.interpolate(photo, pictures[3] as RawImage, { steps: 2 });
      equal(binsOf(way), binsOf(await colour.prepare([photo, pictures[3] as RawImage])), 'ends of the way');
    },
  },
  {
    name: 'interpolate begins and ends with the pictures themselves',
    async holds(_, colour) {
      for (const mode of ['linear', 'spherical'] as const) {
        const [a, b] = pictures as [RawImage, RawImage];
        const way = await colour.interpolate(a, b, { steps: 5, mode });
        equal(way.length, 5, 'steps');
        equal(binsOf([way[0], way[4]] as RawImage[]), binsOf([a, b]), `ends, ${mode}`);
      }
    },
  },
  {
    name: 'mix takes the levels asked for from the second picture',
    async holds(_, colour) {
      const [a, b] = pictures as [RawImage, RawImage];
      const [none, all] = [await colour.mix(a, b, []), await colour.mix(a, b, [0, 1])];
      equal(binsOf([none, all]), binsOf([a, b]), 'pixels of no level, of all levels');
      const { z } = await colour.encode([a, b]);
      const [za, zb] = z as [Latents, Latents];
      const crossed = { levels: [zb.levels[0], za.levels[1]] } as Latents;
      equal(dataOf([await colour.mix(a, b, [0])]), dataOf(await colour.decode(crossed)), 'pixels of level 0');
    },
  },
  {
    name: 'an attribute of strength 0 changes nothing, and strength 1 of b − a makes a of b',
    async holds(_, colour) {
      const [a, b] = pictures as [RawImage, RawImage];
      const direction = await colour.attributeDirection(b, a);
      equal(binsOf(await colour.applyAttribute(a, direction, 0)), binsOf([a]), 'pixels at strength 0');
      equal(binsOf(await colour.applyAttribute(a, direction, 1)), binsOf([b]), 'pixels at strength 1');
    },
  },
  {
    name: 'score is bits per dimension and what a compressor makes of the picture',
    async holds(_, colour) {
      const scores = await colour.score(pictures, scoring);
      equal(
        scores.map(({ bitsPerDim }) => bitsPerDim),
        await colour.bitsPerDim(pictures, scoring),
        'bits/dim',
      );
      isTrue(
        scores.every(
          ({ excess, complexity }) => Number.isFinite(excess) && complexity !== null && complexity > 0,
        ),
        `scores ${JSON.stringify(scores)}`,
      );
    },
  },
  {
    name: 'latents saved as a file come back as they were',
    async holds({ glow }, colour) {
      const { z, logProb } = await colour.encode(pictures.slice(0, 2));
      const loaded = glow.loadLatents(colour, glow.saveLatents(colour, { z, logProb }));
      equal(numbersOf(loaded.z), numbersOf(z), 'latents');
      equal(binsOf(await colour.decode(loaded.z)), binsOf(pictures.slice(0, 2)), 'pixels');
    },
  },
  {
    name: 'a class-conditional model wants labels, and gives every pixel back with them',
    async holds({ load }) {
      const model = await load('classes');
      const two = pictures.slice(0, 2);
      const { z } = await model.encode(two, { label: [0, 2] });
      equal(binsOf(await model.decode(z, { label: [0, 2] })), binsOf(two), 'pixels');
      const { logProb } = await model.encode([pictures[0], pictures[0]] as RawImage[], { label: [0, 2] });
      isTrue(logProb[0] !== logProb[1], 'log density does not depend on the label');
      await fails(() => model.encode(two), /label/);
      await model.dispose();
    },
  },
  {
    name: 'calls at the same time give what they give one after the other',
    async holds(_, colour) {
      const calls = [
        async () => (await colour.encode(pictures, asTheyAre)).logProb,
        async () => dataOf(await colour.sample(sampling)),
        async () => colour.bitsPerDim(pictures, { draws: 2, ...asTheyAre }),
        async () => binsOf(await colour.reconstruct(pictures, asTheyAre)),
      ];
      const apart = [];
      for (const call of calls) apart.push(await call());
      const together = await Promise.all([...calls, ...calls].map((call) => call()));
      equal(together, [...apart, ...apart], 'results');
    },
  },
  {
    name: 'two models work on one device at the same time',
    async holds({ load }, colour) {
      const other = await load('colour');
      const [first, second] = await Promise.all([colour.sample(sampling), other.sample(sampling)]);
      equal(dataOf(first), dataOf(second), 'samples');
      await other.dispose();
      equal(dataOf(await colour.sample(sampling)), dataOf(first), 'samples after the other is gone');
    },
  },
  {
    name: 'a rejected call says why and leaves the model as it was',
    async holds(_, colour) {
      const before = dataOf(await colour.sample(sampling));
      await fails(() => colour.encode(picture(0, 7, 8), asTheyAre), /7×8.*divisible by 4/);
      await fails(() => colour.sample({ count: -1 }), /count/);
      await fails(() => colour.decode({ levels: [] }), /levels/);
      equal(dataOf(await colour.sample(sampling)), before, 'samples');
    },
  },
  {
    name: 'one image that fails names itself, and the others come back',
    async holds(_, colour) {
      const mixed = [...pictures.slice(0, 2), picture(0, 7, 8), ...pictures.slice(2)];
      const error = await fails(() => colour.reconstruct(mixed, asTheyAre), /reconstruct: .*7×8/);
      const { errors, results } = error as Error & { errors: { image: number }[]; results: RawImage[] };
      equal(
        errors.map(({ image }) => image),
        [2],
        'failed images',
      );
      equal(binsOf(results.filter((image) => image !== undefined)), binsOf(pictures), 'the others');
    },
  },
  {
    name: 'a signal ends a call, which tells how far it came, and the model goes on',
    async holds({ load }) {
      const model = await load('colour', { batchSize: 1 });
      const count = 2000; // a worker hears of the end only when the page has found time to tell it
      const stop = new AbortController();
      const seen: number[] = [];
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        equal(total, count, 'total');
        seen.push(done);
        if (done >= 2) stop.abort();
      };
      const error = await fails(() => model.sample({ count, onProgress, signal: stop.signal }), /abort/i);
      equal(error.name, 'AbortError', 'name of the error');
      isTrue(seen.length > 0 && Math.max(...seen) < count, `progress ${seen}: it went on to the end`);
      equal((await model.sample({ count: 3 })).length, 3, 'samples afterwards');
      await model.dispose();
    },
  },
  {
    name: 'dispose waits for calls under way, may be called twice, and ends all others',
    async holds({ load }) {
      const model = await load('colour');
      const running = model.sample(sampling);
      await Promise.all([model.dispose(), model.dispose(), model[Symbol.asyncDispose]()]);
      equal((await running).length, sampling.count, 'samples under way');
      await fails(() => model.sample(), /disposed/);
      await model.dispose();
    },
  },
  {
    name: 'a trained model of 36 steps gives every pixel of its faces back',
    isHeavy: true,
    async holds({ load }) {
      const model = await load('faces');
      const faces = await model.sample({ count: 16, temperature: 0.7, seed: 1 });
      equal(dataOf(await model.reconstruct(faces)), dataOf(faces), 'pixels');
      await model.dispose();
    },
  },
  {
    name: 'PNG bytes out, and the same pixels in',
    async holds({ glow }, colour) {
      const samples = await colour.sample({ ...sampling, count: 2 });
      const files = await Promise.all(samples.map((image) => glow.encodePng(image)));
      equal(dataOf(await colour.reconstruct(files)), dataOf(samples), 'pixels');
    },
  },
  {
    name: 'a model whose golden values this device does not reproduce is refused',
    async holds({ load, device }) {
      const error = await fails(() => load('wrong-golden'), /golden|self-test/);
      equal(error.name, 'DeviceError', 'name of the error');
      equal((error as { code?: string }).code, 'self-test', 'code');
      equal((error as { device?: string }).device, device, 'device');
    },
  },
  {
    name: 'a folder with a changed file is refused, naming the file',
    async holds({ load }) {
      await fails(async () => (await load('changed-weights', { cache: false })).sample(), /weights\.bin/);
    },
  },
];

/** The claims that a device is asked for in tests; webgpu is SwiftShader there. */
export function claimsFor(device: Device): Claim[] {
  return claims.filter(({ isHeavy }) => !isHeavy || device !== 'webgpu');
}

/** Runs a place's claims on one model: what is not so by the claim's name, null if it holds. */
export async function checkClaims(place: Place): Promise<Record<string, string | null>> {
  const results: Record<string, string | null> = {};
  const colour = await place.load('colour');
  for (const { name, holds } of claimsFor(place.device)) {
    results[name] = await holds(place, colour).then(
      () => null,
      (error: Error) => error.stack ?? String(error),
    );
  }
  await colour.dispose();
  return results;
}

const numbersOf = (z: readonly Latents[]) => z.map(({ levels }) => levels.map(({ data }) => [...data]));
const dataOf = (images: readonly RawImage[]) => images.map(({ data }) => [...data]);
const binsOf = (images: readonly RawImage[]) =>
  dataOf(images).map((data) => data.map((p) => p >> (8 - bits)));
