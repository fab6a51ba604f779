import { endFakes, raw, startFake } from './fake-server.js';

/** Requests that are valid HTTP, and that ask for too much or for what is not theirs. */
afterEach(endFakes);

const isError = { error: expect.any(String) };
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
