import type { ImageInput, RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { reasonOf } from '../reason-of.js';

/**
 * Calls `use` with an image of the user, as the model sees it. If the image is refused, the reason stays in the status
 * line and in `beside` until the next image.
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
