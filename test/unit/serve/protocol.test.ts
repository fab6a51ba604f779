import { formatInferResponse } from '../../../packages/serve/src/protocol/format-response.js';
import { type InferRequest, parseInferRequest } from '../../../packages/serve/src/protocol/parse-request.js';
import { stack, type TensorMetadata, unstack } from '../../../packages/serve/src/protocol/tensor.js';

const tensor = (name: string, ...shape: number[]): TensorMetadata => ({ name, datatype: 'FP32', shape });
const model = {
  inputs: [tensor('x', -1, 2, -1, -1), tensor('label', -1, 2)],
  outputs: [tensor('z0', -1, 2), tensor('log_prob', -1)],
};
const limits = { maxJsonValues: 100 };
/** Numbers that float32 holds and decimals hardly show. */
const x = Float32Array.of(0.1, -0.2, 1 / 3, 1e-30, 3.4e38, -7e-38, 5, 6);
const label = Float32Array.of(0, 1);
const xFacts = { name: 'x', datatype: 'FP32', shape: [1, 2, 2, 2] };
const labelFacts = { name: 'label', datatype: 'FP32', shape: [1, 2] };
const bytesOf = ({ buffer }: Float32Array) => Buffer.from(buffer);

function parse(request: unknown, ...binary: Buffer[]): InferRequest {
  const json = Buffer.from(JSON.stringify(request));
  const length = binary.length > 0 ? String(json.length) : undefined;
  return parseInferRequest(Buffer.concat([json, ...binary]), length, model, limits);
}

const inJson = {
  inputs: [
    { ...xFacts, data: Array.from(x) },
    { ...labelFacts, data: [0, 1] },
  ],
};
const inBytes = {
  inputs: [
    { ...xFacts, parameters: { binary_data_size: 32 } },
    { ...labelFacts, parameters: { binary_data_size: 8 } },
  ],
};

test('numbers as JSON, nested or not, and as bytes are the same to the last bit', () => {
  const nested = [
    [
      [
        [x[0], x[1]],
        [x[2], x[3]],
      ],
      [
        [x[4], x[5]],
        [x[6], x[7]],
      ],
    ],
  ];
  const all = [
    parse(inJson),
    parse(inBytes, bytesOf(x), bytesOf(label)),
    parse({
      inputs: [
        { ...xFacts, data: nested },
        { ...labelFacts, data: [[0, 1]] },
      ],
    }),
  ];
  for (const { inputs, count } of all) {
    expect(count).toBe(1);
    expect(inputs.x).toEqual({ shape: [1, 2, 2, 2], data: x });
    expect(inputs.label).toEqual({ shape: [1, 2], data: label });
  }
});

test('inputs come in any order, mixed, at odd places of the body', () => {
  const request = { id: 'odd', inputs: [{ ...labelFacts, data: [0, 1] }, inBytes.inputs[0]] };
  for (const padding of ['', ' ', '  ', '   ']) {
    const json = Buffer.from(`${padding}${JSON.stringify(request)}`);
    const parsed = parseInferRequest(Buffer.concat([json, bytesOf(x)]), String(json.length), model, limits);
    expect(parsed.inputs.x?.data).toEqual(x);
    expect(parsed.id).toBe('odd');
  }
});

test('outputs are all by default, in JSON; a request chooses them, and bytes for all or for one', () => {
  const choose = (more: object) => parse({ ...inJson, ...more }).outputs;
  expect(choose({})).toEqual([
    { name: 'z0', binary: false },
    { name: 'log_prob', binary: false },
  ]);
  expect(choose({ parameters: { binary_data_output: true } })).toEqual([
    { name: 'z0', binary: true },
    { name: 'log_prob', binary: true },
  ]);
  expect(
    choose({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'log_prob', parameters: { binary_data: false } }, { name: 'z0' }],
    }),
  ).toEqual([
    { name: 'log_prob', binary: false },
    { name: 'z0', binary: true },
  ]);
});

const wrong: readonly (readonly [string, unknown, readonly Buffer[], RegExp])[] = [
  ['a list', [], [], /^the body: expected an object/],
  ['no inputs', {}, [], /^inputs: expected a list, got undefined/],
  ['a number as an input', { inputs: [3] }, [], /^inputs\[0\]: expected an object, got 3/],
  ['an unknown input', { inputs: [{ name: 'y' }] }, [], /must be one of "x", "label", got "y"/],
  ['a missing input', { inputs: [inJson.inputs[0]] }, [], /^input "label" is missing/],
  ['an input twice', { inputs: [inJson.inputs[0], inJson.inputs[0]] }, [], /"x" is given twice/],
  [
    'another datatype',
    { inputs: [{ ...xFacts, datatype: 'FP64' }] },
    [],
    /datatype must be FP32, got "FP64"/,
  ],
  ['another rank', { inputs: [{ ...xFacts, shape: [2, 2, 2] }] }, [], /expected the shape \[-1, 2, -1, -1\]/],
  ['a free extent', { inputs: [{ ...xFacts, shape: [-1, 2, 2, 2] }] }, [], /expected the shape/],
  ['no images', { inputs: [{ ...xFacts, shape: [0, 2, 2, 2], data: [] }] }, [], /expected the shape/],
  ['a text as an extent', { inputs: [{ ...xFacts, shape: ['1', 2, 2, 2] }] }, [], /expected the shape/],
  ['too few numbers', { inputs: [{ ...xFacts, data: [1] }] }, [], /expected 8 numbers, got 1/],
  ['a text as a number', { inputs: [{ ...xFacts, data: Array(8).fill('1') }] }, [], /holds "1" at 0/],
  ['null as a number', { inputs: [{ ...xFacts, data: [null, 1, 2, 3, 4, 5, 6, 7] }] }, [], /holds null at 0/],
  [
    'lists too deep',
    { inputs: [{ ...xFacts, data: Array(8).fill([[[[1]]]]) }] },
    [],
    /holds .* expected a number/,
  ],
  ['beyond float32', { inputs: [{ ...xFacts, data: Array(8).fill(1e39) }] }, [], /must be finite/],
  ['NaN in bytes', inBytes, [bytesOf(x.map(() => Number.NaN)), bytesOf(label)], /holds NaN at 0/],
  [
    'too few bytes',
    inBytes,
    [bytesOf(x.subarray(0, 4).slice())],
    /its 32 bytes are not there, the body has 16/,
  ],
  ['too many bytes', inBytes, [bytesOf(x), bytesOf(label), Buffer.alloc(3)], /^3 bytes follow/],
  [
    'a size that is not that of the shape',
    { inputs: [{ ...xFacts, parameters: { binary_data_size: 64 } }] },
    [bytesOf(x), bytesOf(x)],
    /have 32 bytes, binary_data_size is 64/,
  ],
  [
    'batches that differ',
    { inputs: [inJson.inputs[0], { ...labelFacts, shape: [2, 2], data: [0, 1, 0, 1] }] },
    [],
    /batches of 1 and 2/,
  ],
  [
    'shared memory',
    { inputs: [{ ...xFacts, parameters: { shared_memory_region: 'a' } }] },
    [],
    /not supported/,
  ],
  [
    'an unknown output',
    { ...inJson, outputs: [{ name: 'z9' }] },
    [],
    /outputs\[0\]: name must be one of "z0"/,
  ],
  ['an output twice', { ...inJson, outputs: [{ name: 'z0' }, { name: 'z0' }] }, [], /a name is given twice/],
  ['a number as id', { ...inJson, id: 7 }, [], /^id: expected a text/],
  ['yes as binary', { ...inJson, parameters: { binary_data_output: 'yes' } }, [], /must be true or false/],
];

test.each(wrong)('%s is refused with 400 and its reason', (_, request, binary, reason) => {
  const work = () => parse(request, ...binary);
  expect(work).toThrow(reason);
  expect(work).toThrow(expect.objectContaining({ statusCode: 400 }));
});

test.each([
  [Buffer.from('{'), undefined, /it is not JSON/],
  [Buffer.alloc(0), undefined, /it is not JSON/],
  [Buffer.from([0x22, 0xff, 0x22]), undefined, /it is not UTF-8/],
  [Buffer.from('{}'), '3', /must be a number up to the 2 bytes/],
  [Buffer.from('{}'), '-1', /must be a number/],
  [Buffer.from('{}'), '1e1', /must be a number/],
])('a body %j with the length %j is refused', (body, length, reason) => {
  expect(() => parseInferRequest(body, length, model, limits)).toThrow(reason);
});

test('JSON with too many values is refused with 413 before it is read; binary tensors and texts do not count', () => {
  const read = jest.spyOn(JSON, 'parse');
  const json = Buffer.from(JSON.stringify({ ...inBytes, id: 'A'.repeat(10_000) }));
  const commas = Float32Array.from(x, () => Buffer.from(',,,,').readFloatLE());
  const body = Buffer.concat([json, bytesOf(commas), bytesOf(label)]);
  const values = 1 + (json.toString().match(/[,:[{]/g) as string[]).length;
  const parsed = (maxJsonValues: number) =>
    parseInferRequest(body, String(json.length), model, { maxJsonValues });
  expect(() => parsed(values - 1)).toThrow(expect.objectContaining({ statusCode: 413 }));
  expect(() => parsed(values - 1)).toThrow(
    /more than \d+ values and names of JSON; send large tensors in binary/,
  );
  expect(read).not.toHaveBeenCalled();
  expect(parsed(values).count).toBe(1);
  read.mockRestore();
});

test('an answer in bytes is what a client reads by its lengths, and in JSON the same numbers', () => {
  const found = { z0: { shape: [1, 2], data: x.slice(0, 2) }, log_prob: { shape: [1], data: x.slice(2, 3) } };
  const ask = (binary: boolean) => ({
    id: undefined,
    outputs: [
      { name: 'log_prob', binary },
      { name: 'z0', binary },
    ],
  });
  const binary = formatInferResponse({ name: 'm', version: '3' }, ask(true), found);
  const length = binary.headers['inference-header-content-length'] as number;
  expect(JSON.parse(binary.body.subarray(0, length).toString())).toEqual({
    ...{ model_name: 'm', model_version: '3' },
    outputs: [
      { name: 'log_prob', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
      { name: 'z0', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ],
  });
  const numbers = new Float32Array(new Uint8Array(binary.body.subarray(length)).buffer);
  expect(numbers).toEqual(Float32Array.of(x[2] as number, x[0] as number, x[1] as number));
  const json = JSON.parse(
    formatInferResponse({ name: 'm', version: '3' }, ask(false), found).body.toString(),
  );
  const inJson = json.outputs.flatMap(({ data }: { data: number[] }) => data);
  expect(Float32Array.from(inJson)).toEqual(numbers);
});

test('the tensors of a batch are those of its images, one after another', () => {
  const batch = { x: { shape: [2, 2, 2], data: x }, s: { shape: [2], data: label } };
  const rows = unstack(batch, 2);
  expect(rows[1]).toEqual({
    x: { shape: [2, 2], data: x.slice(4) },
    s: { shape: [], data: Float32Array.of(1) },
  });
  expect(stack(rows)).toEqual(batch);
});
