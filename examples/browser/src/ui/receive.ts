import { readEntries } from '../model/model-folder.js';
import { hasFolder, isDragged } from './drag.js';

interface Receivers {
  onPicture(file: File): void;
  /** Gets the files of a dropped folder by their paths, which begin with the name of the folder. */
  onFiles(files: Map<string, File>): void;
  fail(error: unknown): void;
}

/** Takes what is dropped anywhere on the page or pasted: a picture, or the folder of a model. */
export function receive({ onPicture, onFiles, fail }: Receivers): void {
  addEventListener('dragover', (event) => {
    if (event.defaultPrevented || !event.dataTransfer) return; // an element takes it
    event.preventDefault(); // or the browser opens the file in place of the page
    if (isDragged() || ![...event.dataTransfer.types].includes('Files'))
      event.dataTransfer.dropEffect = 'none';
  });
  addEventListener('drop', async (event) => {
    if (event.defaultPrevented || !event.dataTransfer) return;
    event.preventDefault();
    const { dataTransfer } = event;
    const entries = [...dataTransfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
    const files = [...dataTransfer.files];
    try {
      if (hasFolder(event)) return onFiles(await readEntries(entries));
      if (files.some(({ name }) => name === 'manifest.json')) {
        return onFiles(new Map(files.map((file) => [file.name, file])));
      }
      const [file] = files;
      if (file && /\.(onnx|safetensors)$/.test(file.name)) {
        throw new TypeError(
          `${file.name} is one file of a model. Drop its whole folder, with manifest.json.`,
        );
      }
      if (file) onPicture(file);
    } catch (error) {
      fail(error);
    }
  });
  addEventListener('paste', ({ clipboardData }) => {
    const [file] = clipboardData?.files ?? [];
    if (file) onPicture(file);
  });
}
