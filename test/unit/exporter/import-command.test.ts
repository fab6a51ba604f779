import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCheckpoint, parseCheckpoint } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/internal';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { glowExport } from '../../support/glow-export.js';
import { readGolden } from '../../support/golden-files.js';
import { op, torchFile } from '../../support/pickles.js';
import { moduleCases, moduleValues, savedCase } from '../../support/pytorch-module.js';
import { checkpoint, manifestOf, temporaryFolder } from './fixture.js';

const at = temporaryFolder();
const { bytes: port } = readGolden('port-rgb-8x8-l2-k2-affine');
const read = (name: string) => parseCheckpoint(readFileSync(at(name)));

test('export takes a .pt as it is, and needs no --from', async () => {
  writeFileSync(at('model.pt'), moduleValues().tensors.pt.data as Uint8Array);
  const { code, out, err } = await glowExport(at('model.pt'), '--out', at('model'));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^layout: glow-onnx\n3×8×8, 5 bits/); // which states bits and size
  expect(manifestOf(at('model')).config).toEqual(moduleCases[savedCase].checkpoint.config);
});

test('import finds the layout and says what it assumed and left out', async () => {
  writeFileSync(at('weights'), port);
  const { code, out } = await glowExport('import', at('weights'), '--out', at('imported'));
  expect(code).toBe(0);
  expect(out).toMatch(
    /^layout: port\nassumed, because .*: 5 bits .*\nnot part of the flow, left out: .*\nwrote /,
  );
  expect(read('imported')).toEqual(importWeights(port, 'port'));
});

test('--weights chooses averaged weights', async () => {
  const { tensors } = parseSafetensors(port);
  const names = Object.keys(tensors).filter((name) => name.startsWith('param.'));
  const ema = Object.fromEntries(names.map((name) => [`ema.${name}`, tensors[name]]));
  writeFileSync(at('weights'), encodeSafetensors({ ...tensors, ...ema }));
  const { out } = await glowExport('import', at('weights'), '--out', at('a'), '--weights', 'ema');
  expect(out).not.toContain('last step');
  expect((await glowExport('import', at('weights'), '--out', at('b'))).out).toContain('--weights ema');
});

test('--map reads names of a private variant; --template writes a map to fill in', async () => {
  const { tensors } = parseSafetensors(port);
  const strange = Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [
      name.replace('blocks', 'stage').replace('param.', ''),
      value,
    ]),
  );
  writeFileSync(at('weights'), encodeSafetensors(strange));
  const source = ['import', at('weights'), '--from', 'port'];
  const template = await glowExport(...source, '--template', '--out', at('map.json'));
  expect(template.out).toMatch(/wrote .*map\.json: fill in the names/);
  const map = JSON.parse(readFileSync(at('map.json'), 'utf8'));
  const kept = Object.keys(map.names).filter((name) => name.startsWith('stage'));
  map.names = Object.fromEntries(kept.map((name) => [name, name.replace('stage', 'blocks')]));
  writeFileSync(at('map.json'), JSON.stringify(map));
  const { code } = await glowExport(
    'import',
    at('weights'),
    '--map',
    at('map.json'),
    '--out',
    at('imported'),
  );
  expect(code).toBe(0);
  expect(read('imported')).toEqual(importWeights(port, 'port'));
});

test('a checkpoint of TensorFlow is named by its index, and one of no layout is refused', async () => {
  const folder = join(__dirname, '../../support/containers');
  for (const end of ['.index', '.data-00000-of-00001'])
    copyFileSync(join(folder, `tensorflow${end}`), at(`t${end}`));
  const { code, err } = await glowExport(at('t.index'), '--out', at('model'));
  expect(code).toBe(1);
  expect(err).toMatch(/^glow-export: .*t\.index: import: no layout /);
  expect(existsSync(at('model'))).toBe(false);
});

describe('nothing is written, and what exists stays', () => {
  test.each<[string, () => Uint8Array, string[], RegExp]>([
    [
      'a file that asks to run code',
      () => torchFile(op.call(op.global('os', 'system'), op.text('true'))),
      [],
      /asks to call "os\.system"/,
    ],
    ['a file that is cut short', () => port.subarray(0, -9), [], /cut short/],
    ['a map that is missing', () => port, ['--map', '/nowhere.json'], /nowhere\.json cannot be read/],
    ['a map that is no JSON', () => port, ['--map', __filename], /import-command\.test\.ts: not valid JSON/],
    ['another layout', () => port, ['--from', 'tutorial'], /expected tensors named like flows/],
    ['averaged weights that are not there', () => port, ['--weights', 'ema'], /expected averaged weights/],
  ])('with %s', async (_, bytes, argv, message) => {
    writeFileSync(at('weights'), bytes());
    writeFileSync(at('before'), 'mine');
    const imported = await glowExport('import', at('weights'), '--out', at('before'), '--force', ...argv);
    const exported = await glowExport(at('weights'), '--out', at('model'), ...argv);
    for (const { code, err } of [imported, exported]) {
      expect(code).toBe(1);
      expect(err).toMatch(message);
    }
    expect(readFileSync(at('before'), 'utf8')).toBe('mine');
    expect(existsSync(at('model'))).toBe(false);
  });

  test('with --weights of a checkpoint of ours', async () => {
    writeFileSync(at('best'), encodeCheckpoint(checkpoint));
    const { code, err } = await glowExport(at('best'), '--out', at('model'), '--weights', 'ema');
    expect(code).toBe(1);
    expect(err).toMatch(/are for weights of other programs/);
  });
});
