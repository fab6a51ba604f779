import { type Label, labelsFor, oneHot } from '../../../packages/runtime/src/model/labels.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ prior: 'learned', classes: 3 });
const named = { config, training: { classNames: ['cat', 'dog', '7'] } };
const unnamed = { config, training: null };

test('a class is its index or its name, one for all images or one each', () => {
  expect(labelsFor(named, 1, 2, 'sample')).toEqual([1, 1]);
  expect(labelsFor(named, 'dog', 2, 'sample')).toEqual([1, 1]);
  expect(labelsFor(named, ['cat', 2, '7'], 3, 'sample')).toEqual([0, 2, 2]);
  expect(labelsFor(unnamed, [0, 2], 2, 'sample')).toEqual([0, 2]);
  expect(labelsFor({ config: { ...config, classes: 0 }, training: null }, undefined, 2, 'sample')).toBe(
    undefined,
  );
});

test('a text is always a name and a number always an index, also where names are numbers', () => {
  const classNames = Array.from({ length: 26 }, (_, i) => String(i + 1));
  const letters = { config: { ...config, classes: 26 }, training: { classNames } };
  expect(labelsFor(letters, ['7', 7], 2, 'sample')).toEqual([6, 7]);
  expect(() => labelsFor(letters, '0', 1, 'sample')).toThrow('got "0"');
  expect(labelsFor(unnamed, ['2', 2], 2, 'sample')).toEqual([2, 2]); // without names, the index is the name
});

test.each<[string, typeof named | typeof unnamed, Label | undefined, string]>([
  [
    'a name the model lacks',
    named,
    'cow',
    'sample: label: this model needs one of "cat", "dog", "7", or the index of a class, an integer from 0 to 2; got "cow"',
  ],
  ['a name where nothing is named', unnamed, 'cat', 'needs an integer from 0 to 2; got "cat"'],
  ['an index as text where classes have names', named, '1', 'got "1"'],
  ['a number out of range', named, 3, 'got 3'],
  ['half a class', unnamed, 0.5, 'needs an integer from 0 to 2; got 0.5'],
  ['no label', unnamed, undefined, 'label: this model needs an integer from 0 to 2; pass one'],
  [
    'no label where classes have names',
    named,
    undefined,
    'label: this model needs one of "cat", "dog", "7", or the index of a class, an integer from 0 to 2; pass one',
  ],
  ['too many labels', unnamed, [0, 1, 2], 'label: expected one label or 2 labels, got 3'],
  [
    'a label without classes',
    { config: { ...config, classes: 0 }, training: null },
    'cat',
    'sample: label: this model has no classes; leave the label out',
  ],
  [
    'names that are no list of texts',
    { config, training: { classNames: { 0: 'cat' } } } as never,
    'cat',
    'needs an integer from 0 to 2; got "cat"',
  ],
])('%s is refused', (_, model, label, message) => {
  expect(() => labelsFor(model, label, 2, 'sample')).toThrow(message);
});

test('too many labels for one image are refused', () => {
  expect(() => labelsFor(unnamed, [0, 1], 1, 'encode')).toThrow(/: expected one label, got 2$/);
});

test('one-hot images are [batch, classes, 1, 1]', () => {
  expect(oneHot([2, 0], 3)).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0));
});
