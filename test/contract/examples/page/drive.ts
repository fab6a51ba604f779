import type { Locator, Page } from 'playwright-core';
import { eventually, paths } from './use-page.js';

/** SwiftShader needs a second for a face of models/faces, so WebGPU gets a model of a few shaders. */
export const devices = [
  { device: 'wasm', path: paths.faces, runsOn: /^WebAssembly, \d+ threads?$/ },
  { device: 'webgpu', path: paths.small, runsOn: /^WebGPU$/ },
] as const;

/** Opens a tab by a click. @returns its panel. */
export async function openTab(page: Page, name: string): Promise<Locator> {
  await page.getByRole('tab', { name }).click();
  return page.getByRole('tabpanel', { name });
}

export function button(within: Locator, name: string | RegExp): Locator {
  return within.getByRole('button', { name, exact: true });
}

/** The line that says what has happened, to screen readers too. */
export function status(page: Page): Promise<string | null> {
  return page.locator('#status').textContent();
}

/** Waits until a panel counts values that differ, or none, of the 3072 of a face, or 768 of one of the small model. */
export function untilDiffering(panel: Locator, some: boolean): Promise<void> {
  return eventually(
    () => panel.getByText(/^\d+ of (768|3072)/).allTextContents(),
    (texts) => expect(texts).toEqual([expect.stringMatching(some ? /^[1-9]\d* of/ : /^0 of/)]),
  );
}
