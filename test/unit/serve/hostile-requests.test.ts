import { endFakes, raw, startFake } from './fake-server.js';

/** Requests that are valid HTTP, and that ask for too much or for what is not theirs. */
afterEach(endFakes);

const isError = { error: expect.any(String) };
const post = (path: string, body: string, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test.each(['/v2/models/tiny-encode/infer', '/models/tiny/decode'])(
  'JSON longer than its limit gets 413 at %s, and nothing reads it',
  async (path) => {
    const { port } = await startFake({ limits: { maxJsonBytes: 1000 } });
    const read = jest.spyOn(JSON, 'parse');
    const [status] = await raw(port, post(path, `[${'[],'.repeat(1000)}[]]`));
    expect(status).toBe(413);
    expect(read.mock.calls.filter(([text]) => text.length > 1000)).toEqual([]);
    read.mockRestore();
    expect(await raw(port, post(path, '{'))).toEqual([
      400,
      { error: expect.stringContaining('is not JSON') },
    ]);
  },
);

test('an answer with more numbers than JSON may have gets 413; in binary it is sent', async () => {
  const level = (side: number) => ({ shape: [6, side, side], data: new Float32Array(6 * side * side) });
  const encode = async () => ({ z: [{ levels: [level(32), level(16)] }], logProb: [0.5] });
  const { address } = await startFake({ model: { encode }, limits: { maxJsonBytes: 10_000 } });
  const ask = (outputs: readonly string[], binary: boolean) => {
    const x = { name: 'x', datatype: 'FP32', shape: [1, 3, 8, 8], data: Array(192).fill(0) };
    const wanted = outputs.map((name) => ({ name, parameters: { binary_data: binary } }));
    const body = JSON.stringify({ inputs: [x], outputs: wanted });
    return fetch(`${address}/v2/models/tiny-encode/infer`, { method: 'POST', body });
  };
  const refused = await ask(['z0', 'log_prob'], false); // 6,145 numbers
  expect([refused.status, await refused.json()]).toEqual([
    413,
    { error: expect.stringMatching(/6145 numbers as JSON, more than 5000; ask for binary outputs/) },
  ]);
  expect((await ask(['z0', 'log_prob'], true)).status).toBe(200);
  expect((await ask(['z1', 'log_prob'], false)).status).toBe(200);
});

test.each([
  '/v2/models/../../etc/passwd',
  '/v2/models/..%2f..%2fetc%2fpasswd/ready',
  '/models/%2e%2e/sample',
  '/models/tiny%00/sample',
  '/models/__proto__/sample',
  '/models/constructor/sample',
  '/models/tiny/versions/__proto__/sample',
  '/models/tiny/versions/1e0/sample',
  '/models/tiny/versions/01/sample',
  '//models/tiny/sample',
])('%s names no model', async (path) => {
  const { port } = await startFake();
  const text = `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`;
  expect(await raw(port, text)).toEqual([404, isError]);
});
