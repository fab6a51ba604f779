import type { GlowModel, RawImage } from '@glow-onnx/runtime';
import type { App } from './app.js';
import type { Face } from './faces.js';
import { reasonOf } from './reason-of.js';

export interface Shell {
  readonly app: App;
  /** Replaces the model. Running calls end with the old model, which is then disposed. */
  setModel(model: GlowModel): void;
}

/** @param onTime gets the milliseconds per image of each call. */
export function createApp(
  faces: readonly Face[],
  status: HTMLElement,
  onTime: (msPerImage: number) => void,
): Shell {
  const kept: RawImage[] = [];
  const keptListeners: (() => void)[] = [];
  const modelListeners: ((model: GlowModel) => void)[] = [];
  let model: GlowModel | undefined;
  let loaded: (model: GlowModel) => void;
  const first = new Promise<GlowModel>((resolve) => {
    loaded = resolve;
  });

  let [underWay, overlapping] = [0, false];
  const keptChanged = () => {
    for (const listener of keptListeners) listener();
  };

  const app: App = {
    faces,
    kept,
    keep(image) {
      kept.unshift(image);
      keptChanged();
    },
    letGo(image) {
      kept.splice(kept.indexOf(image), 1);
      keptChanged();
    },
    onKept: (listener) => void keptListeners.push(listener),
    onModel(listener) {
      modelListeners.push(listener);
      if (model) listener(model);
    },
    async run(images, call) {
      const running = model ?? (await first);
      overlapping = underWay++ > 0;
      const start = performance.now();
      try {
        const result = await call(running);
        if (!overlapping && images > 0) onTime((performance.now() - start) / images);
        return result;
      } finally {
        underWay--;
      }
    },
    async read(input) {
      try {
        const [image] = await app.run(0, (running) => running.prepare(input, { fit: 'cover' }));
        return image as RawImage;
      } catch (error) {
        throw new Error(`${input instanceof File ? input.name : 'The image'}: ${reasonOf(error)}`);
      }
    },
    say(text) {
      status.textContent = text;
    },
    fail(error) {
      app.say(reasonOf(error));
    },
  };
  return {
    app,
    setModel(next) {
      const old = model;
      model = next;
      loaded(next);
      for (const listener of modelListeners) listener(next);
      old?.dispose();
    },
  };
}
