import type { ExportedFiles } from '@glow-onnx/exporter/files';
import { zipSync } from 'fflate';
import type { ModelFolder } from '../model/model-folder.js';
import { saveFile } from '../ui/save-file.js';

/** The name of the files, and of the folder in the zip file. */
const modelName = 'my-model';

/** Saves a model folder as one zip file. */
export function saveFolder(files: ExportedFiles): void {
  const below = Object.fromEntries([...files].map(([path, bytes]) => [`${modelName}/${path}`, bytes]));
  saveFile(zipSync(below), `${modelName}.zip`, 'application/zip');
}

export function saveCheckpoint(bytes: Uint8Array): void {
  saveFile(bytes, `${modelName}.safetensors`, 'application/octet-stream');
}

/** The model as if its folder had been dropped on the page. */
export function asFolder(files: ExportedFiles): ModelFolder {
  return {
    name: modelName,
    files: new Map([...files].map(([path, bytes]) => [path, new File([bytes], path)])),
  };
}
