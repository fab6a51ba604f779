import type { GlowModel, ImageInput, RawImage } from '@glow-onnx/runtime';
import type { Companion } from './model/companion.js';
import type { ModelFolder } from './model/model-folder.js';
import type { Screen, ScreenSize } from './ui/screen.js';

/** A picture of the user. */
export interface Picture {
  readonly name: string;
  /** As the model sees it. */
  readonly image: RawImage;
  /** As the user gave it. */
  readonly original: ImageBitmap;
}

/**
 * The services that every tab gets. A tab is one function, such as `mountSample(panel, app)`. It runs at the first
 * opening. Another model is another app: then all tabs are mounted anew.
 */
export interface App extends Pick<Companion, 'words' | 'examples'> {
  /** The sizes and choices of the model, known before the model is loaded. */
  readonly config: GlowModel['config'];
  /** The words, examples and further files that come with the model. */
  readonly companion: Companion;
  /** Whether this is the model of the page, which links open. */
  readonly isHome: boolean;
  /** Aborted when another model takes the place of this one. */
  readonly ended: AbortSignal;
  /** A canvas for an image of the model's size, at most `box` CSS pixels wide and high. */
  screen(label: string, box: number, size?: ScreenSize): Screen;

  /** Images that the user has kept, newest first. */
  readonly kept: readonly RawImage[];
  keep(image: RawImage): void;
  letGo(image: RawImage): void;
  /** Calls back when the kept images change. */
  onKept(listener: () => void): void;

  /** Takes a picture of the user for all tabs, and opens "Your picture". Shows the reason if it is refused. */
  take(input: File | HTMLCanvasElement, name: string): Promise<void>;
  /** Calls back with the picture of the user: now if there is one, and for each further one. */
  onPicture(listener: (picture: Picture) => void): void;

  /** Calls back with the model: now if it is loaded, and again after each change of its device or class. */
  onModel(listener: (model: GlowModel) => void): void;
  /** Calls back with the bytes of the model that are loaded. */
  onProgress(listener: (loaded: number, total: number) => void): void;
  /**
   * Runs a call of the model, and shows its time as "Per image". Waits until the model is loaded.
   * `images` is the number of images that go through a graph. Calls that overlap are not timed.
   */
  run<T>(images: number, call: (model: GlowModel) => Promise<T>): Promise<T>;
  /** Gives an image as the model sees it: its size, its channels, its bits. Throws if the file is not an image. */
  read(input: ImageInput): Promise<RawImage>;
  /** Opens another model in place of this one. The old model stays if it cannot be opened; the reason is shown. */
  open(folder: ModelFolder): Promise<void>;
  /** Opens a tab, such as 'morph'. */
  goTo(tab: string): void;
  /** Writes to the status line, which screen readers speak. */
  say(text: string): void;
  /** Writes the reason of an error to the status line. */
  fail(error: unknown): void;
}

export type MountTab = (panel: HTMLElement, app: App) => void;
