import { resolve } from 'node:path';
import { createServer } from '@glow-onnx/serve';

test('a server listens once, closes once however often it is asked, and then cannot listen again', async () => {
  const faces = { name: 'faces', version: 1, source: resolve(__dirname, '../../../models/pixel-faces') };
  const server = await createServer([faces], { drainMs: 100, threads: 1 });
  const address = await server.listen({ port: 0 });
  await expect(server.listen({ port: 0 })).rejects.toThrow('listen: this server listens already');
  const samples = Array.from({ length: 4 }, () => fetch(`${address}/models/faces/sample`));
  while (!(await (await fetch(`${address}/metrics`)).text()).includes('requests_under_way 4'));
  await Promise.all([server.close(), server.close(), server.close()]);
  expect((await Promise.all(samples)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  await server.close();
  await expect(fetch(`${address}/v2/health/live`)).rejects.toThrow();
  await expect(server.listen({ port: 0 })).rejects.toThrow('listen: this server is closed already');
});
