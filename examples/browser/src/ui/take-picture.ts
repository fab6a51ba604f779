import type { ImageInput, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { reasonOf } from '../reason-of.js';

/**
 * Hands on a picture that the user gives, as the model sees it. Why one is refused stands in the status line, and in
 * `beside`, until the next is given.
 */
export async function takePicture(
  app: Pick<App, 'read' | 'say'>,
  input: ImageInput,
  use: (image: RawImage) => void | Promise<void>,
  beside?: HTMLElement,
): Promise<void> {
  const tell = (text: string) => {
    app.say(text);
    if (beside) beside.textContent = text;
  };
  tell('');
  try {
    await use(await app.read(input));
  } catch (error) {
    tell(reasonOf(error));
  }
}
