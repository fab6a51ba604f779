import type { GlowModel, ImageInput, RawImage } from '@glow-onnx/runtime';
import type { Face } from './faces.js';

/** The services that every tab gets. A tab is one function, such as `mountSample(panel, app)`. It runs at the first opening. */
export interface App {
  /** Faces that the model has not been trained on, with their labels. */
  readonly faces: readonly Face[];
  /** Faces that the user has kept, newest first. */
  readonly kept: readonly RawImage[];
  keep(image: RawImage): void;
  letGo(image: RawImage): void;
  /** Calls back when the kept faces change. */
  onKept(listener: () => void): void;
  /** Calls back with the model: now if it is loaded, and again after each change of the device. */
  onModel(listener: (model: GlowModel) => void): void;
  /**
   * Runs a call of the model, and shows its time as "Per image". Waits until the model is loaded.
   * `images` is the number of images that go through a graph. Calls that overlap are not timed.
   */
  run<T>(images: number, call: (model: GlowModel) => Promise<T>): Promise<T>;
  /** Gives an image as the model sees it: its size, three channels, five bits. Throws if the file is not an image. */
  read(input: ImageInput): Promise<RawImage>;
  /** Writes to the status line, which screen readers speak. */
  say(text: string): void;
  /** Writes the reason of an error to the status line. */
  fail(error: unknown): void;
}

export type MountTab = (panel: HTMLElement, app: App) => void;
