import type { StepImage } from './grids.js';
import { count } from './numbers.js';
import { style } from './style.js';

/** An HTML page without other files and without a script. `main` is HTML. */
export function documentOf(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)} – glow-onnx</title>
<style>${style}</style>
<main>
${main}
</main>
</html>
`;
}

export function figure({ step, png }: StepImage, caption = html(`after ${count(step, 'step')}`)): string {
  const data = Buffer.from(png).toString('base64');
  return `<figure><img alt="${caption}" src="data:image/png;base64,${data}"><figcaption>${caption}</figcaption></figure>`;
}

export function nothing(text: string): string {
  return `<p class="nothing">${html(text)}</p>`;
}

/** A text as HTML that shows it. */
export function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
