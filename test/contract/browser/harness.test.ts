import { describeBrowser, useBrowser } from '../../support/use-browser.js';

describeBrowser('a page with the runtime package', () => {
  const browser = useBrowser({ isolated: true });

  test('samples from a model', async () => {
    const sampled = await browser.run(async ({ glow, arg }) => {
      const model = await glow.loadGlow(arg, { device: 'wasm' });
      const [image] = await model.sample({ seed: 3 });
      await model.dispose();
      return { device: model.device, data: image?.data, isolated: globalThis.crossOriginIsolated };
    }, '/models/pixel-faces');
    expect(sampled).toMatchObject({ device: 'wasm', isolated: true });
    expect(new Set(sampled.data).size).toBeGreaterThan(10);
  });

  test('has WebGPU, in software', async () => {
    const architecture = await browser.run(
      async () => (await navigator.gpu.requestAdapter())?.info.architecture,
    );
    expect(architecture).toBe('swiftshader');
  });

  test('prints nothing, and asks no server but its own', () => {
    expect(browser.messages).toEqual([]);
    expect(browser.foreign).toEqual([]);
  });
});
