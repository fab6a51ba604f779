import type { browserCodec as BrowserCodec } from '../../../packages/runtime/src/browser/images.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

declare const browserCodec: typeof BrowserCodec;

const expected: Readonly<Record<string, string>> = {
  'the selector of an element': 'got a selector; pass document.querySelector("#photo")',
  'a selector of a class': 'got a selector; pass document.querySelector(".photo")',
  'an empty text': 'expected a path or an address, got an empty text',
  base64: 'got 111 characters of base64; put data:image/png;base64, before them',
  'a page of HTML': 'the server answers with a web page, not with this file',
  'a Blob of HTML': 'got a web page (HTML); check where it comes from',
  'an address that has no file': 'the server does not have this file (404); check the address',
  'a list of files': 'got a list of files; pass Array.from(files), or files[0]',
  'a field for files': 'got an instance of HTMLInputElement; pass its file: input.files[0]',
  'a video': 'got a video; pass await createImageBitmap(video)',
  'another element': 'got an instance of HTMLDivElement',
  'a Response': 'got an instance of Response; pass await response.blob()',
  'a tensor of ONNX Runtime': 'got a tensor of ONNX Runtime, float32 [1,3,8,8]; pass { data: Uint8Array',
  'no element': 'an ImageBitmap, a canvas or an img element, got null',
};

describeBrowser('a wrong image in a browser', () => {
  const browser = useBrowser();

  test.each(['in the page', 'in a worker'])('is refused by name, %s', async (place) => {
    const messages = await browser.run(async ({ glow, arg }) => {
      document.body.innerHTML = '<img id="photo" class="photo"><input type="file"><video></video><div></div>';
      const element = (selector: string) => document.querySelector(selector) as never;
      const inputs: Record<string, unknown> = {
        'the selector of an element': '#photo',
        'a selector of a class': '.photo',
        'an empty text': '',
        base64: `iVBORw0KGgo${'A'.repeat(100)}`,
        'a page of HTML': '/',
        'a Blob of HTML': new Blob(['<!DOCTYPE html><html>']),
        'an address that has no file': 'no/such.png',
        'a list of files': (element('input') as HTMLInputElement).files,
        'a field for files': element('input'),
        'a video': element('video'),
        'another element': element('div'),
        'a Response': new Response('x'),
        'a tensor of ONNX Runtime': { dims: [1, 3, 8, 8], type: 'float32', cpuData: new Float32Array(192) },
        'no element': null,
      };
      const found: [string, string][] = [];
      const model = await glow.loadGlow('/models/pixel-faces', { device: 'wasm', worker: arg });
      for (const [name, input] of Object.entries(inputs)) {
        const refused = await model.encode(input as never).then(
          () => 'read',
          (error: Error) => error.message,
        );
        found.push([name, refused]);
      }
      await model.dispose();
      return found;
    }, place === 'in a worker');
    const sent = place === 'in a worker' ? /could not be cloned/ : /^$/;
    for (const [name, message] of messages) {
      if (!sent.test(message))
        expect([name, message]).toEqual([name, expect.stringContaining(expected[name] ?? '?')]);
      expect(message).not.toContain('AAAA');
    }
    expect(messages.map(([name]) => name)).toEqual(Object.keys(expected));
  });

  test('but a data: address is read, also where the policy of the page forbids to fetch it', async () => {
    const read = await browser.run(async ({ glow }) => {
      const policy = document.createElement('meta');
      policy.httpEquiv = 'Content-Security-Policy';
      policy.content = "connect-src 'self'";
      document.head.append(policy);
      const image = { data: Uint8Array.of(1, 2, 3), width: 1, height: 1, channels: 3 };
      const bytes = await glow.encodePng(image);
      const address = `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`;
      const fetched = await fetch(address).then(
        () => 'fetched',
        () => 'forbidden',
      );
      const { data } = await browserCodec({ maxPixels: 10, maxBytes: 1000 }).read(address);
      return { fetched, data: [...data].slice(0, 3) };
    });
    expect(read).toEqual({ fetched: 'forbidden', data: [1, 2, 3] });
  });

  test('and options are checked as in Node', async () => {
    const messages = await browser.run(async ({ glow }) => {
      const load = (options: object) =>
        glow.loadGlow('/models/pixel-faces', options).then(
          () => 'loaded',
          (error: Error) => error.message,
        );
      return Promise.all([load({ dtype: 'fp16' }), load({ maxMemry: 1 }), load({ signal: 5 })]);
    });
    expect(messages).toEqual([
      'loadGlow: unknown option "dtype"; did you mean precision?',
      'loadGlow: unknown option "maxMemry"; did you mean maxMemory?',
      expect.stringContaining('loadGlow: signal must be an AbortSignal'),
    ]);
  });
});
