import { latentShapes } from '@glow-onnx/flow/manifest';
import { encodePng } from '@glow-onnx/runtime/node';
import { tinyConfig } from '../../support/tiny-config.js';
import { endFakes, picture, raw, startFake } from './fake-server.js';

/** What JSON may cost: reading and writing it holds up every other request. */
afterEach(endFakes);

const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test.each(['/v2/models/tiny-encode/infer', '/models/tiny/decode'])(
  'JSON with too many values gets 413 at %s, and nothing reads it',
  async (path) => {
    const { port } = await startFake({ limits: { maxJsonValues: 1000 } });
    const read = jest.spyOn(JSON, 'parse');
    for (const body of [
      `[${'[],'.repeat(1000)}[]]`,
      '['.repeat(2000),
      `${'{"a":'.repeat(2000)}0`,
      `[${'0,'.repeat(1000)}0]`,
      `{${'"a":0,'.repeat(600)}"a":0}`, // 601 values with 601 names
    ]) {
      expect((await raw(port, post(path, body)))[0]).toBe(413);
    }
    expect(read.mock.calls.filter(([text]) => text.length > 1000)).toEqual([]);
    read.mockRestore();
    expect(await raw(port, post(path, '{'))).toEqual([
      400,
      { error: expect.stringContaining('is not JSON') },
    ]);
  },
);

/** A model of colour images of this size, whose calls compute nothing. */
function modelOf(side: number) {
  const config = { ...tinyConfig(), height: side, width: side };
  const levels = latentShapes(config, 1, side, side).map(([, ...shape]) => ({
    shape,
    data: new Float32Array(shape.reduce((size, extent) => size * extent, 1)).fill(1 / 3),
  }));
  return {
    config,
    manifest: { variants: { fp32: { encode: 'e', decode: 'd', weights: null } }, files: [] },
    encode: jest.fn(async () => ({ z: [{ levels }], logProb: [-1 / 3] })),
    decode: jest.fn(async () => [picture]),
  };
}

const tensorsOf = (side: number) => {
  const x = { name: 'x', shape: [1, 3, side, side] };
  const z = [
    { name: 'z0', shape: [1, 6, side / 2, side / 2] },
    { name: 'z1', shape: [1, 24, side / 4, side / 4] },
  ];
  return { x: [x], z, cotangent: [...z, { ...x, name: 'cotangent' }] };
};

/** Asks for outputs as JSON or in binary. The inputs are zeros in binary. */
function infer(
  address: string,
  kind: string,
  inputs: readonly { readonly name: string; readonly shape: readonly number[] }[],
  more: object,
) {
  const sizes = inputs.map(({ shape }) => 4 * shape.reduce((size, extent) => size * extent, 1));
  const described = inputs.map((input, i) => ({
    ...{ ...input, datatype: 'FP32' },
    parameters: { binary_data_size: sizes[i] },
  }));
  const json = Buffer.from(JSON.stringify({ inputs: described, ...more }));
  const zeros = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
  return fetch(`${address}/v2/models/tiny-${kind}/infer`, {
    method: 'POST',
    body: Buffer.concat([json, zeros]),
    headers: { 'inference-header-content-length': String(json.length) },
  });
}

test('an answer with more numbers than JSON may have gets 413 before the model runs; in binary it is sent', async () => {
  const model = modelOf(32);
  const { address } = await startFake({ model, limits: { maxJsonValues: 2000 } });
  const ask = (outputs: readonly string[], binary: boolean) =>
    infer(address, 'encode', tensorsOf(32).x, {
      outputs: outputs.map((name) => ({ name, parameters: { binary_data: binary } })),
    });
  const refused = await ask(['z0', 'z1'], false);
  expect([refused.status, await refused.json()]).toEqual([
    413,
    { error: expect.stringMatching(/3072 numbers as JSON, more than 2000; ask for binary outputs/) },
  ]);
  expect(model.encode).not.toHaveBeenCalled();
  expect((await ask(['z0', 'z1'], true)).status).toBe(200);
  expect((await ask(['z1', 'log_prob'], false)).status).toBe(200);
});

test.each([
  ['encode', 'x', 193],
  ['decode', 'z', 192],
  ['encode-gradient', 'x', 193],
  ['decode-gradient', 'cotangent', 384],
] as const)('the numbers of an answer of %s are known before it runs', async (kind, inputs, numbers) => {
  const { address } = await startFake({ limits: { maxJsonValues: 100 } });
  const answer = await infer(address, kind, tensorsOf(8)[inputs], {});
  expect([answer.status, (await answer.json()).error]).toEqual([
    413,
    expect.stringContaining(`the answer has ${numbers} numbers`),
  ]);
});

const pngOf = async (side: number) =>
  Buffer.from(
    await encodePng({ data: new Uint8Array(3 * side * side), width: side, height: side, channels: 3 }),
  );
const send = (url: string, body: Buffer | string) => fetch(url, { method: 'POST', body: body as BodyInit });

test.each([
  [256, undefined], // the default limits
  [512, undefined],
  [32, 17_408], // 3 × 32 × 32 numbers of 16/3 bytes, and 1 KiB for the rest
])('decode takes what encode gave for %d pixels a side', async (side, maxBodyBytes) => {
  const limits = maxBodyBytes === undefined ? {} : { maxBodyBytes };
  const { address } = await startFake({ model: modelOf(side), limits });
  const encoded = await send(`${address}/models/tiny/encode`, await pngOf(side));
  expect(encoded.status).toBe(200);
  const text = await encoded.text();
  expect(text.length).toBeGreaterThan(4 * side * side * 4);
  expect((await send(`${address}/models/tiny/decode`, text)).status).toBe(200);
});

test.each([
  ['cover', 1024, 1024, undefined], // the default limits
  ['none', 8, 1024, undefined],
  ['cover', 32, 32, 17_407],
  ['pad', 8, 29, 17_407],
])(
  'encode refuses with 413, before the model runs, latents that decode would not take: fit=%s',
  async (fit, training, side, maxBodyBytes) => {
    const model = modelOf(training);
    const limits = maxBodyBytes === undefined ? {} : { maxBodyBytes };
    const { address } = await startFake({ model, limits, options: { maxPixels: 2 ** 20 } });
    const answer = await send(`${address}/models/tiny/encode?fit=${fit}`, await pngOf(side));
    expect([answer.status, (await answer.json()).error]).toEqual([
      413,
      expect.stringMatching(/bytes of JSON, more than the \d+ that decode takes; make the image smaller/),
    ]);
    expect(model.encode).not.toHaveBeenCalled();
  },
);
