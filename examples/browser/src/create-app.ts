import type { GlowModel, RawImage } from '@glow-onnx/runtime';
import type { App, Picture } from './app.js';
import type { Companion } from './model/companion.js';
import { forClass } from './model/for-class.js';
import { reasonOf } from './reason-of.js';
import { listeners } from './ui/listeners.js';
import { screen } from './ui/screen.js';

/** A picture as the user gave it. */
interface Given {
  readonly input: File | HTMLCanvasElement;
  readonly name: string;
}

export interface Shell {
  readonly app: App;
  /** The picture of the user, for the app of another model. */
  readonly given: Given | undefined;
  /** Replaces the model. Running calls end with the old model, which is then disposed. */
  setModel(model: GlowModel): void;
  /** Chooses the class of all further calls, for a model with classes. */
  setClass(label: number): void;
  showProgress(loaded: number, total: number): void;
  /** Ends the app, and disposes its model. */
  end(): void;
}

/** The parts of the page that an app reaches. */
export interface Surroundings extends Pick<App, 'isHome' | 'open' | 'goTo' | 'say'> {
  /** The picture that the user gave to the app before. */
  readonly given: Given | undefined;
  /** Gets the milliseconds per image of each call. */
  onTime(msPerImage: number): void;
}

export function createApp(config: App['config'], companion: Companion, around: Surroundings): Shell {
  const kept: RawImage[] = [];
  const onKept = listeners<[]>();
  const onModel = listeners<[GlowModel]>();
  const onProgress = listeners<[number, number]>();
  const onPicture = listeners<[Picture]>();
  const ending = new AbortController();
  let [model, own, picture]: [GlowModel?, GlowModel?, Picture?] = [];
  let label = 0;
  let loaded: (model: GlowModel) => void;
  const first = new Promise<GlowModel>((resolve) => {
    loaded = resolve;
  });
  let [underWay, overlapping] = [0, false];
  const { isHome, open, goTo, say } = around;
  let given = around.given;

  async function receive(next: Given): Promise<void> {
    const image = await app.read(next.input);
    given = next;
    picture = { name: next.name, image, original: await createImageBitmap(next.input) };
    onPicture.call(picture);
  }

  const app: App = {
    ...{ config, companion, words: companion.words, examples: companion.examples },
    ...{ kept, ended: ending.signal, isHome, open, goTo, say },
    screen: (text, box, { width, height } = config) => screen(text, { box, width, height }),
    keep(image) {
      kept.unshift(image);
      onKept.call();
    },
    letGo(image) {
      kept.splice(kept.indexOf(image), 1);
      onKept.call();
    },
    onKept: onKept.add,
    async take(input, name) {
      goTo('picture');
      say(`Reading ${name} …`);
      try {
        await receive({ input, name });
        say('');
      } catch (error) {
        app.fail(error);
      }
    },
    onPicture(listener) {
      onPicture.add(listener);
      if (picture) listener(picture);
    },
    onModel(listener) {
      onModel.add(listener);
      if (model) listener(model);
    },
    onProgress: onProgress.add,
    async run(images, call) {
      const running = model ?? (await first);
      overlapping = underWay++ > 0;
      const start = performance.now();
      try {
        const result = await call(running);
        if (!overlapping && images > 0) around.onTime((performance.now() - start) / images);
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
    fail(error) {
      if (!ending.signal.aborted) say(reasonOf(error));
    },
  };
  if (given) receive(given).catch(app.fail);
  return {
    app,
    get given() {
      return given;
    },
    setModel(next) {
      const old = own;
      own = next;
      model = next.config.classes > 0 ? forClass(next, () => label) : next;
      loaded(model);
      onModel.call(model);
      old?.dispose();
    },
    setClass(chosen) {
      label = chosen;
      if (model) onModel.call(model);
    },
    showProgress: onProgress.call,
    end() {
      ending.abort();
      own?.dispose();
    },
  };
}
