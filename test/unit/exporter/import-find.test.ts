import { tensor } from '@glow-onnx/flow';
import { encodeSafetensors, type SafetensorsTensor } from '@glow-onnx/flow/internal';
import { importTensors, importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { layoutNames, layouts } from '../../../packages/exporter/src/import/layouts.js';
import { mapTemplate } from '../../../packages/exporter/src/import/map-template.js';
import { goldenWeights, save, type Weights } from '../../support/import-fixtures.js';
import { moduleCases } from '../../support/pytorch-module.js';

const port = goldenWeights('port');
const plain = importWeights(save(port), 'port');

function tensorsOf(weights: Weights): Record<string, SafetensorsTensor> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, value]) => [
      name,
      { dtype: 'F64', shape: value.shape, data: new Float64Array(value.data) },
    ]),
  );
}

const renamed = (weights: Weights, rename: (name: string) => string): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, value]) => [rename(name), value]));

/** The same model with other numbers. */
const moved = Object.fromEntries(
  Object.entries(port).map(([name, { shape, data }]) => [
    name,
    /actnorm\.loc/.test(name)
      ? tensor(
          shape,
          data.map((v) => v + 1),
        )
      : { shape, data },
  ]),
);

describe('the layout', () => {
  test.each(['tutorial', 'port'] as const)('%s is found by its names', (layout) => {
    const weights = goldenWeights(layout);
    const found = importTensors(tensorsOf(weights), 'auto');
    expect(found).toEqual({ checkpoint: importWeights(save(weights), layout), layout, notes: [] });
  });

  test('names are known once, each with its program', () => {
    expect(new Set(layoutNames).size).toBe(layouts.length);
    for (const { program, anchor } of layouts) {
      expect(program.length).toBeGreaterThan(5);
      expect(anchor.exec('nothing of a Glow')).toBeNull();
    }
  });
});

describe('names that wrappers change', () => {
  test.each<[string, (name: string) => string]>([
    ['DataParallel', (name) => `module.${name}`],
    ['Lightning', (name) => `state_dict.model.${name}`],
    ['torch.compile', (name) => `_orig_mod.${name}`],
    ['torch.compile of each block', (name) => name.replace(/^(blocks\.\d)\./, '$1._orig_mod.')],
    ['DataParallel of torch.compile in a checkpoint', (name) => `model.module._orig_mod.${name}`],
  ])('of %s are undone', (_, rename) => {
    expect(importTensors(tensorsOf(renamed(port, rename)), 'auto')).toMatchObject({
      checkpoint: plain,
      notes: [],
    });
  });
});

describe('what is beside the flow', () => {
  test('is left out, and said', () => {
    const beside = {
      'optim.state.0.exp_avg': tensor([1], [1]),
      head: tensor([], [2]),
      a: tensor([], [2]),
      b: tensor([], [2]),
    };
    expect(importTensors(tensorsOf({ ...port, ...beside }), 'auto')).toEqual({
      checkpoint: plain,
      layout: 'port',
      notes: ['not part of the flow, left out: optim.state.0.exp_avg, head, a and 1 more'],
    });
  });

  test('a tensor inside the flow that the layout does not know is an error', () => {
    const inside = { ...port, 'blocks.0.flows.0.attention.weight': tensor([1], [1]) };
    expect(() => importTensors(tensorsOf(inside), 'auto')).toThrow(
      /blocks\.0\.flows\.0\.attention\.weight" is not part of this layout; the import would lose/,
    );
  });
});

describe('averaged weights', () => {
  const both = { ...renamed(port, (name) => `model.${name}`), ...renamed(moved, (name) => `ema.${name}`) };
  const averaged = importWeights(save(moved), 'port');

  test('are taken when asked for; else those of the last step are, and the others named', () => {
    expect(importTensors(tensorsOf(both), 'auto', { weights: 'ema' }).checkpoint).toEqual(averaged);
    expect(importTensors(tensorsOf(both), 'auto', { weights: 'model' }).checkpoint).toEqual(plain);
    const silent = importTensors(tensorsOf(both), 'auto');
    expect(silent.checkpoint).toEqual(plain);
    expect(silent.notes[0]).toMatch(
      /took the weights of the last step; the file has averaged ones too: --weights ema/,
    );
  });

  test.each(['ema_model.', 'model_ema.module.', 'shadow.', 'avg_model.'])('are known by %s', (prefix) => {
    const alone = tensorsOf(renamed(moved, (name) => prefix + name));
    expect(importTensors(alone, 'auto').checkpoint).toEqual(averaged);
    expect(() => importTensors(alone, 'port', { weights: 'model' })).toThrow(
      /got only averaged ones.*--weights ema/,
    );
  });

  test('that are not there cannot be asked for', () => {
    expect(() => importTensors(tensorsOf(port), 'port', { weights: 'ema' })).toThrow(
      /expected averaged weights under a name such as "ema\.", got ""; pass --weights model/,
    );
  });
});

describe('when nothing fits', () => {
  test('the nearest layout and the first names that differ are told', () => {
    const other = renamed(port, (name) => name.replace('coupling.net.4.conv', 'coupling.net.last'));
    expect(() => importTensors(tensorsOf(other), 'auto')).toThrow(
      /no layout fits\. The nearest is port \(github\.com\/rosinality.*\): \d+ tensors fit, then .*tensor "blocks\.0\.flows\.0\.coupling\.net\.4\.conv\.weight" is missing.*Not read yet: blocks.*--map/,
    );
  });

  test('names that are of no layout are compared with one of each', () => {
    const other = renamed(port, (name) => name.replace('blocks', 'stage').replace('flows', 'step'));
    expect(() => importTensors(tensorsOf(other), 'auto')).toThrow(
      /The nearest is port .* it has blocks\.<level>\.flows\.<step>\.actnorm\.loc where the file has stage\.0\.step\.0\.actnorm\.loc/,
    );
    expect(() => importTensors({}, 'auto')).toThrow(
      /no layout has names such as none; the layouts are tutorial/,
    );
  });
});

describe('a map', () => {
  const strange = renamed(port, (name) =>
    name.replace(/blocks\.(\d)\.flows\.(\d)/, (_, level, step) => `net/L${Number(level) + 1}/${step}`),
  );
  const names = {
    ...Object.fromEntries(
      Object.keys(port)
        .filter((name) => name.startsWith('blocks.0.flows.0.'))
        .map((name) => name.slice('blocks.0.flows.0.'.length))
        .map((rest) => [`net/L<a>/<b>.${rest}`, `blocks.<a-1>.flows.<b>.${rest}`]),
    ),
  };

  test('gives names a layout knows, with numbers moved', () => {
    expect(importTensors(tensorsOf(strange), 'auto', { map: { layout: 'port', names } })).toMatchObject({
      checkpoint: plain,
      layout: 'port',
    });
  });

  test('can reorder axes', () => {
    const name = 'blocks.0.flows.0.coupling.net.0.weight';
    const { shape, data } = port[name];
    const [o, i] = shape;
    const hwio = new Float64Array(data.length).map(
      (_, at) => data[(at % o) * i * 9 + (Math.floor(at / o) % i) * 9 + Math.floor(at / (o * i))],
    );
    const weights = { ...port, [name]: tensor([3, 3, i, o], hwio) };
    const map = { names: { [name]: { name, transpose: [3, 2, 0, 1] } } };
    expect(importTensors(tensorsOf(weights), 'port', { map }).checkpoint).toEqual(plain);
  });

  test('to our own names states the config, so that any Glow can be imported', () => {
    for (const { checkpoint } of moduleCases) {
      const { config, params } = checkpoint;
      const own = tensorsOf(
        renamed({ ...params.trainable, ...params.fixed }, (name) => `x.${name.replace('levels', 'l')}`),
      );
      const map = {
        layout: 'glow-onnx',
        config,
        names: Object.fromEntries(
          Object.keys(own).map((name) => [name, name.replace('x.', '').replace(/^l\./, 'levels.')]),
        ),
      };
      expect(importTensors(own, 'auto', { map }).checkpoint).toEqual(checkpoint);
    }
  });

  test('has a template with each kind of name once', () => {
    const template = mapTemplate(tensorsOf(renamed(port, (name) => `net.${name}`)), 'port');
    expect(template.layout).toBe('port');
    expect(template.names).toMatchObject({
      'net.blocks.<a>.flows.<b>.actnorm.loc': '',
      'net.blocks.<a>.flows.<b>.coupling.net.4.scale': '',
      'net.blocks.<a>.prior.scale': '',
    });
    const filled = Object.fromEntries(Object.keys(template.names).map((name) => [name, name.slice(4)]));
    const map = { ...template, names: filled };
    expect(
      importTensors(tensorsOf(renamed(port, (name) => `net.${name}`)), 'auto', { map }).checkpoint,
    ).toEqual(plain);
  });

  test.each<[string, unknown, RegExp]>([
    ['a list', [], /expected an object with layout, names, config/],
    ['an unknown field', { names: {}, rename: 1 }, /unknown field "rename"; the fields are/],
    ['another layout', { layout: 'keras', names: {} }, /layout: expected one of tutorial, port/],
    ['no names', {}, /names: expected an object of names/],
    ['a number as a name', { names: { a: 3 } }, /"a": expected a name, or/],
    ['axes twice', { names: { a: { name: 'b', transpose: [0, 0] } } }, /expected a name, or/],
    ['a name left empty', { names: { a: '' } }, /"a" has no new name; fill it in/],
    [
      'a number that the pattern lacks',
      { names: { 'a.<x>': 'b.<y>' } },
      /<y> in "b\.<y>" is not in "a\.<x>"/,
    ],
    ['numbers side by side', { names: { 'a.<x><y>': 'b.<x>' } }, /"a\.<x><y>": "<x><y>" does not tell where/],
    [
      'a number beside a digit',
      { names: { 'a.<x>1': 'b.<x>' } },
      /"<x>1" does not tell where the number ends/,
    ],
    [
      'a digit before a number',
      { names: { 'a.1<x>': 'b.<x>' } },
      /"1<x>" does not tell where the number ends/,
    ],
    ['a pattern for nothing', { names: { 'nothing.<a>': 'x' } }, /no tensor is called like "nothing\.<a>"/],
    [
      'two tensors with one name',
      { names: { 'blocks.<a>.prior.scale': 'x' } },
      /two tensors get the name "x"/,
    ],
    [
      'axes of another tensor',
      { names: { 'blocks.0.prior.conv.bias': { name: 'x', transpose: [1, 0] } } },
      /does not reorder/,
    ],
  ])('with %s is refused', (_, map, message) => {
    expect(() => importWeights(encodeSafetensors(tensorsOf(port)), 'auto', { map })).toThrow(message);
  });
});
