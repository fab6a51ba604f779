import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@glow-onnx/trainer';
import { evaluate, models } from './evaluate.js';

const design = 'faces/face.mjs';
const generator = join(models, 'faces/generate.mjs');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'faces-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function generate(...options: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [generator, ...options], { encoding: 'utf8' });
}

test('the same seed draws the same sheet, whose tiles and labels are those of its faces', async () => {
  const outs = ['one', 'two'].map((name) => join(folder, name));
  for (const out of outs) expect(generate('--count', '5', '--out', out).status).toBe(0);
  const [one, two] = outs.map((out) => readFileSync(join(out, 'faces.png')));
  expect(one).toEqual(two);

  const [faces, pixels] = evaluate(
    design,
    `(() => {
      const faces = [0, 1, 2, 3, 4].map((index) => m.faceAt(1, index));
      return [faces, faces.map((face) => [...m.renderFace(face)])];
    })()`,
  ) as [Record<string, string>[], number[][]];
  const data = await openDataset(join(folder, 'one/faces.json'));
  const images = await data.images(Uint32Array.from([0, 1, 2, 3, 4]));
  await data.close();
  expect(images.map(({ data }) => [...data])).toEqual(pixels);
  const { labels } = JSON.parse(readFileSync(join(folder, 'one/faces.json'), 'utf8'));
  for (const [i, face] of faces.entries()) {
    for (const [name, value] of Object.entries(face)) {
      expect(labels[name].values[Number.parseInt(labels[name].indices[i], 36)]).toBe(value);
    }
  }
});

test('the shipped sheet has the faces of seed 1, and their labels', async () => {
  const few = [0, 1, 700, 1999];
  const [faces, pixels] = evaluate(
    design,
    `(() => {
      const faces = ${JSON.stringify(few)}.map((index) => m.faceAt(1, index));
      return [faces, faces.map((face) => [...m.renderFace(face)])];
    })()`,
  ) as [Record<string, string>[], number[][]];
  const sheet = join(models, 'faces/faces.json');
  const data = await openDataset(sheet);
  expect(data).toMatchObject({ count: 2000, channels: 3, height: 32, width: 32 });
  const images = await data.images(Uint32Array.from(few));
  await data.close();
  expect(images.map(({ data }) => [...data])).toEqual(pixels);
  const { labels } = JSON.parse(readFileSync(sheet, 'utf8'));
  for (const [name, { values, indices }] of Object.entries<{ values: string[]; indices: string }>(labels)) {
    const shipped = few.map((index) => values[Number.parseInt(indices[index] as string, 36)]);
    expect(shipped).toEqual(faces.map((face) => face[name]));
  }
});

test('seed 1 draws the one combination in 16 that no other seed draws', () => {
  const facesOf = (seed: number) =>
    evaluate(
      design,
      `Array.from({ length: 500 }, (_, i) => Object.values(m.faceAt(${seed}, i)).join())`,
    ) as string[];
  const isHeldOut = (face: string) => (createHash('sha256').update(face).digest()[0] ?? 0) < 16;
  expect(facesOf(1).every(isHeldOut)).toBe(true);
  expect([...facesOf(2), ...facesOf(3)].some(isHeldOut)).toBe(false);
});

test('every value of every attribute can be seen at 5 bits', () => {
  const [unseen, changes] = evaluate(
    design,
    `(() => {
      const seen = (face) => m.renderFace(face).map((value) => value >> 3).toString('latin1');
      const [unseen, changes] = [[], []];
      for (const face of [0, 1, 2].map((index) => m.faceAt(1, index))) {
        const before = seen(face);
        for (const [name, values] of Object.entries(m.attributes)) {
          for (const value of Object.keys(values).filter((each) => each !== face[name])) {
            (seen({ ...face, [name]: value }) === before ? unseen : changes).push([name, value]);
          }
        }
      }
      return [unseen, changes.length];
    })()`,
  ) as [string[][], number];
  expect(unseen).toEqual([]);
  expect(changes).toBe(3 * 53);
});

test('a value that is none of an attribute is refused by name', () => {
  expect(
    evaluate(
      design,
      `(() => {
        try {
          m.renderFace({ ...m.faceAt(1, 0), hair: 'mohawk' });
        } catch (error) {
          return [error.name, error.message];
        }
      })()`,
    ),
  ).toEqual(['RangeError', 'face: hair "mohawk" is not one of attributes']);
});

test.each([
  ['--count', '0', '--count must be an integer from 1 to 500000, got 0'],
  ['--seed', '-1', '--seed must be an integer from 0 to 4294967295, got -1'],
  ['--seed', 'one', '--seed must be an integer from 0 to 4294967295, got one'],
])('%s %s is refused', (option, value, message) => {
  const { status, stderr } = generate(`${option}=${value}`, '--out', join(folder, 'refused'));
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
});
