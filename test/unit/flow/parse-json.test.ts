import { parseJson, parseJsonObject, show } from '@glow-onnx/flow/internal';

const limits = { where: 'file.json', maxLength: 2 ** 20, maxValues: 1000 };

test.each([
  '{}',
  '[]',
  'null',
  ' "\\"" ',
  '{"a": [1, 2.5e3, -0.1, true, false, null], "b": {"a": "x\\\\"}, "": {}}',
  '{"a\\"b" : "},:[" , "c":["a:","a:"]}',
  '[{"a":1},{"a":2}]',
  `${'['.repeat(32)}${']'.repeat(32)}`,
])('%s is read as JSON.parse reads it', (text) => {
  expect(parseJson(text, limits)).toEqual(JSON.parse(text));
  expect(parseJson(new TextEncoder().encode(text), limits)).toEqual(JSON.parse(text));
});

test.each<[string, string | Uint8Array, RegExp]>([
  [
    'a text that is too long',
    'x'.repeat(2 ** 20 + 1),
    /file\.json: expected at most 1048576 characters of JSON/,
  ],
  [
    'bytes that are too many',
    new Uint8Array(2 ** 20 + 1),
    /file\.json: expected at most 1048576 bytes of JSON/,
  ],
  ['a list inside 32 lists', `${'['.repeat(33)}${']'.repeat(33)}`, /at most 32 lists and objects inside/],
  ['objects inside each other', '{"a":'.repeat(33), /at most 32 lists and objects inside/],
  ['half a million brackets', '['.repeat(500_000), /at most 32 lists and objects inside/],
  ['too many numbers', `[${'0,'.repeat(999)}0]`, /at most 1000 values of JSON/],
  ['too many lists', `[${'[],'.repeat(500)}[]]`, /at most 1000 values of JSON/],
  ['too many values in all', `{"a":[${'[0,0],'.repeat(400)}0]}`, /at most 1000 values of JSON/],
])('%s is refused before it is parsed', (_, source, message) => {
  const parse = jest.spyOn(JSON, 'parse');
  try {
    expect(() => parseJson(source, limits)).toThrow(RangeError);
    expect(() => parseJson(source, limits)).toThrow(message);
    expect(parse).not.toHaveBeenCalled();
  } finally {
    parse.mockRestore();
  }
});

test('keys can have a limit of their own', () => {
  const text = '[{"a":1},{"b":1},{"c":1}]';
  expect(parseJson(text, { ...limits, maxKeys: 3 })).toHaveLength(3);
  expect(() => parseJson(text, { ...limits, maxKeys: 2 })).toThrow('file.json: expected at most 2 keys');
});

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"a":{"b":1},"c":2,"a":3}',
  '[{"a" :1,"b":[],"a"\n:2}]',
  '{"__proto__":1,"__proto__":2}',
])('a key given twice is refused: %s', (text) => {
  expect(() => parseJson(text, limits)).toThrow(/^file\.json: one object has the key ".*" twice$/);
});

test.each([
  '',
  '{',
  '"',
  '"\\',
  '[1,]',
  '{"a"}',
  '{a:1}',
  "{'a':1}",
  '{"\\x":1}',
  '[1]]',
  '}',
  ']:',
  'NaN',
  '\ufeff\ufeff1',
])('text that is not JSON is a SyntaxError: %j', (text) => {
  expect(() => parseJson(text, limits)).toThrow(SyntaxError);
  expect(() => parseJson(text, limits)).toThrow(
    'file.json: not valid JSON; the file is damaged or cut short',
  );
});

test('bytes that are not UTF-8 are refused, and a byte order mark is not', () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xc3, 0x22), limits)).toThrow(
    'file.json: not valid JSON in UTF-8',
  );
  expect(parseJson(new TextEncoder().encode('\ufeff[1]'), limits)).toEqual([1]);
});

test('a key __proto__ is a field of its own', () => {
  const value = parseJsonObject('{"__proto__":{"admin":true}}', limits);
  expect(Object.keys(value)).toEqual(['__proto__']);
  expect(value.admin).toBeUndefined();
  expect({ ...value }.admin).toBeUndefined();
});

test.each(['[]', 'null', '"text"', '1'])('%s is no object', (text) => {
  expect(() => parseJsonObject(text, limits)).toThrow(`file.json: expected a JSON object, got ${text}`);
});

test('a message shows a short piece of any value', () => {
  expect([{ a: [1, 'x'] }, undefined, null, Number.NaN, 'a"b'].map((value) => show(value))).toEqual([
    '{"a":[1,"x"]}',
    'nothing',
    'null',
    'NaN',
    '"a\\"b"',
  ]);
  let deep: unknown = 0;
  for (let i = 0; i < 10_000; i++) deep = [deep, deep, deep, deep, deep, deep, deep, deep];
  for (const value of [deep, 'x'.repeat(1e6), new Array(1e6).fill('x'), { a: { b: deep } }]) {
    expect(show(value).length).toBeLessThanOrEqual(120);
  }
});
