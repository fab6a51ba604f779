import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/safetensors';
import { type GlowModel, loadGlow, loadLatents } from '@glow-onnx/runtime/node';

const earlier = (name: string) => join('test/support/earlier', name);
const read = (name: string) => readFile(earlier(name));
const update = / is newer than this release knows \(\S.*\); update the @glow-onnx packages to the release/;

/** The file, with other metadata. */
async function withMetadata(name: string, change: Record<string, string>): Promise<Uint8Array> {
  const { tensors, metadata } = parseSafetensors(await read(name));
  return encodeSafetensors(tensors, { ...metadata, ...change });
}

describe('files of earlier releases', () => {
  let model: GlowModel;
  beforeAll(async () => {
    model = await loadGlow(earlier('model-1'), { device: 'cpu', cache: false });
  });
  afterAll(() => model.dispose());

  test('a model folder of version 1 loads, and gives the images that it gave then', async () => {
    expect(model.manifest).toMatchObject({ formatVersion: 1, training: { classNames: ['cat', 'dog'] } });
    const [image] = await model.sample({ seed: 1, label: 'dog' });
    expect([...(image?.data.slice(0, 6) ?? [])]).toEqual([255, 255, 99, 0, 255, 255]);
  });

  test('a checkpoint of version 1 loads, with the config of its model', async () => {
    const { config, initialised } = parseCheckpoint(await read('checkpoint-1.safetensors'));
    expect({ config, initialised }).toEqual({ config: model.config, initialised: true });
  });

  test('latents that state no version load, and have the density that they had then', async () => {
    const { z, logProb, names } = loadLatents(model, await read('latents-1.safetensors'));
    expect({ names, images: z.length }).toEqual({ names: ['a.png'], images: 1 });
    const [image] = await model.decode(z, { label: 1 });
    const again = await model.encode(image as NonNullable<typeof image>, { label: 1 });
    expect(again.logProb[0]).toBeCloseTo(logProb?.[0] as number, 2);
  });

  test('latents of a later version are refused with advice, unless another program counts the versions', async () => {
    const later = await withMetadata('latents-1.safetensors', { version: '2' });
    expect(() => loadLatents(model, later)).toThrow(update);
    expect(() => loadLatents(model, later)).toThrow(/^latents: format version 2/);
    const foreign = await withMetadata('latents-1.safetensors', { version: '2', format: 'pt' });
    expect(loadLatents(model, foreign).z).toHaveLength(1);
  });
});

test('a model folder of a later version is refused with advice, whatever else it has', async () => {
  const manifest = {
    ...JSON.parse(`${await read('model-1/manifest.json')}`),
    formatVersion: 3,
    fields: 'new',
  };
  const files = { 'manifest.json': new TextEncoder().encode(JSON.stringify(manifest)) };
  await expect(loadGlow(files)).rejects.toThrow(update);
  await expect(loadGlow(files)).rejects.toThrow(/^the given files: manifest\.json: format version 3/);
});

test('a checkpoint, and a config, of a later version are refused with advice', async () => {
  const later = await withMetadata('checkpoint-1.safetensors', { version: '2' });
  expect(() => parseCheckpoint(later)).toThrow(update);
  const { config } = parseCheckpoint(await read('checkpoint-1.safetensors'));
  const withConfig = (version: number) =>
    withMetadata('checkpoint-1.safetensors', {
      config: JSON.stringify({ ...config, version, attention: true }),
    });
  const laterConfig = await withConfig(2);
  expect(() => parseCheckpoint(laterConfig)).toThrow(update);
  const unknown = await withConfig(1);
  expect(() => parseCheckpoint(unknown)).toThrow('config: (whole): unknown field, got attention');
});

test('a safetensors file with a dtype of a later release is refused with advice', () => {
  const header = '{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}';
  const bytes = new Uint8Array([header.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), 1]);
  expect(() => parseSafetensors(bytes)).toThrow(/got "F8_E4M3"; save .* or update the @glow-onnx packages/);
});
