import type { GlowModel, ImageInput, RawImage } from '@glow-onnx/runtime';
import type { Face } from './faces.js';

/** What every tab is given. A tab is one function, `mountSample(panel, app)`, called when it is first opened. */
export interface App {
  /** Faces that the model has not been trained on, with what is drawn on each. */
  readonly faces: readonly Face[];
  /** Faces the user has kept, newest first. */
  readonly kept: readonly RawImage[];
  keep(image: RawImage): void;
  letGo(image: RawImage): void;
  /** Calls back when the kept faces change. */
  onKept(listener: () => void): void;
  /** Calls back with the model: now if there is one, and again whenever another device has taken it over. */
  onModel(listener: (model: GlowModel) => void): void;
  /**
   * Runs a call of the model and takes its time for the "ms per image" of the header. Waits for the model while it
   * still loads. `images` is how many pictures go through a graph. Calls that overlap are not timed.
   */
  run<T>(images: number, call: (model: GlowModel) => Promise<T>): Promise<T>;
  /** Any picture as the model sees it: its size, three channels, five bits. Throws if the file is no picture. */
  read(input: ImageInput): Promise<RawImage>;
  /** The status line, which screen readers speak. */
  say(text: string): void;
  /** Says in the status line what went wrong. */
  fail(error: unknown): void;
}

export type MountTab = (panel: HTMLElement, app: App) => void;
