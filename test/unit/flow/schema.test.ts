import * as zod from 'zod/mini';
import * as z from '../../../packages/flow/src/reading/schema.js';

/** The same schema in both libraries. */
function sample(s: typeof z) {
  const count = s.int().check(s.minimum(1), s.maximum(9), s.multipleOf(3));
  return s.strictObject({
    count,
    part: s.number().check(s.positive()),
    name: s.string().check(s.regex(/^[a-z]+$/)),
    kind: s.enum(['a', 'b']),
    version: s.literal(1),
    versions: s.literal([1, 2]),
    is: s.boolean(),
    none: s.nullable(s.string()),
    more: s.optional(s.string()),
    list: s.array(s.strictObject({ value: count })),
    pair: s.tuple([s.number(), s.number()]),
    open: s.looseObject({ x: s.number() }),
    any: s.unknown(),
  });
}

const right = {
  count: 3,
  part: 0.5,
  name: 'abc',
  kind: 'b',
  version: 1,
  versions: 2,
  is: true,
  none: null,
  list: [{ value: 6 }, { value: 9 }],
  pair: [1, 2],
  open: { x: 1, y: 2 },
  any: [],
};
const [ours, theirs] = [sample(z), sample(zod as unknown as typeof z)];

test('a right value passes, as in zod, and comes back equal', () => {
  for (const value of [right, { ...right, more: 'x', none: 'y' }]) {
    expect(ours.safeParse(value)).toEqual({ success: true, data: value });
    expect(theirs.safeParse(value)).toEqual({ success: true, data: value });
  }
});

test.each<[string, unknown]>([
  ['null', null],
  ['a list', []],
  ['a text', 'x'],
  ['a missing field', { ...right, count: undefined }],
  ['an integer too small', { ...right, count: 0 }],
  ['an integer too large', { ...right, count: 12 }],
  ['no multiple', { ...right, count: 4 }],
  ['a fraction', { ...right, count: 1.5 }],
  ['a text for an integer', { ...right, count: '3' }],
  ['NaN', { ...right, part: Number.NaN }],
  ['infinity', { ...right, part: Number.POSITIVE_INFINITY }],
  ['zero', { ...right, part: 0 }],
  ['another form', { ...right, name: 'A' }],
  ['another word', { ...right, kind: 'c' }],
  ['a word of Object.prototype', { ...right, kind: 'toString' }],
  ['another version', { ...right, version: '1' }],
  ['a version of two', { ...right, versions: 3 }],
  ['a text for a boolean', { ...right, is: 'true' }],
  ['undefined for null', { ...right, none: undefined }],
  ['null for an optional text', { ...right, more: null }],
  ['an element', { ...right, list: [{ value: 3 }, { value: 2 }] }],
  ['an element with more fields', { ...right, list: [{ value: 3, x: 1 }] }],
  ['an object for a list', { ...right, list: { length: 0 } }],
  ['a third of a pair', { ...right, pair: [1, 'a'] }],
  ['a field of an open object', { ...right, open: { y: 1 } }],
  ['unknown fields', { ...right, z: 1, y: 2 }],
])('%s is refused where zod refuses it, with the same fault', (_, value) => {
  const [own, other] = [ours.safeParse(value), theirs.safeParse(value)];
  expect(own.success || other.success).toBe(false);
  if (own.success || other.success) return;
  expect(other.error.issues[0]).toMatchObject(own.error.issues[0] as object);
});

test('a default stands for a field that is not given', () => {
  for (const library of [z, zod as unknown as typeof z]) {
    const schema = library.strictObject({ steps: library._default(library.int(), 7) });
    expect(schema.safeParse({})).toEqual({ success: true, data: { steps: 7 } });
    expect(schema.safeParse({ steps: 8 })).toEqual({ success: true, data: { steps: 8 } });
    expect(schema.safeParse({ steps: null }).success).toBe(false);
  }
});

test('a key __proto__ is an unknown field, and changes no prototype', () => {
  const value = JSON.parse('{"__proto__": {"x": 1}}');
  expect(z.strictObject({}).safeParse(value).success).toBe(false);
  const loose = z.looseObject({}).safeParse(value);
  expect(loose.success && Object.getPrototypeOf(loose.data)).toBe(Object.prototype);
});
