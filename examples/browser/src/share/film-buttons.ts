import type { RawImage } from '@glow-onnx/runtime';
import type { App } from '../app.js';
import { el } from '../ui/dom.js';
import { saveFile } from '../ui/save-file.js';

interface FilmButtonsOptions extends Pick<App, 'say' | 'fail'> {
  /** The name of the file, without its ending. */
  readonly name: () => string;
  /** The frames; empty while there are none. */
  readonly images: () => readonly RawImage[];
}

const type = 'image/gif';

/** Buttons that make an animated GIF of a film: one saves it, one shares it where the browser can share files. */
export function filmButtons({ name, images, say, fail }: FilmButtonsOptions): HTMLElement[] {
  /** The encoder comes when it is asked for. */
  async function make(): Promise<Uint8Array<ArrayBuffer>> {
    if (images().length === 0) throw new Error('The film is not ready yet.');
    const { encodeGif } = await import('./gif.js');
    return Uint8Array.from(encodeGif(images()));
  }
  async function save(): Promise<void> {
    try {
      saveFile(await make(), `${name()}.gif`, type);
      say('The GIF is saved. It plays for ever, forwards and backwards.');
    } catch (error) {
      fail(error);
    }
  }
  async function share(): Promise<void> {
    try {
      await navigator.share({ files: [new File([await make()], `${name()}.gif`, { type })] });
    } catch (error) {
      if ((error as Error).name !== 'AbortError') fail(error); // the user closed the sheet
    }
  }
  const canShare = navigator.canShare?.({ files: [new File([], 'film.gif', { type })] }) ?? false;
  return [
    el('button', { type: 'button', className: 'primary', onclick: save }, 'Save as GIF'),
    el('button', { type: 'button', hidden: !canShare, onclick: share }, 'Share the GIF'),
  ];
}
