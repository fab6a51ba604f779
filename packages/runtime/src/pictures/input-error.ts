import { describe } from '@glow-onnx/flow/manifest';

type Kind = readonly [is: (input: Any) => unknown, got: (input: Any) => string, advice: string];
// biome-ignore lint/suspicious/noExplicitAny: the members of any object are asked for
type Any = any;

const asBytes = 'with values from 0 to 255';
const pixels = `{ data: Uint8Array, width, height, channels }, ${asBytes}`;

/** Objects that are often passed for an image, and what to pass instead. Recognised by their members, as copies are. */
const kinds: readonly Kind[] = [
  [(input) => typeof input.then === 'function', () => 'a Promise', 'await it first'],
  [
    (input) => 'dataId' in input && 'dtype' in input,
    tfjsTensor,
    `pass ${pixels}; tensor.data() gives the values`,
  ],
  [(input) => 'dims' in input && 'type' in input, onnxTensor, `pass ${pixels}`],
  [(input) => 'levels' in input, () => 'latents', 'decode takes latents, this call takes images'],
  [(input) => 'z' in input && 'logProb' in input, () => 'a result of encode', 'pass an image'],
  [(input) => input.type === 'Buffer', () => 'a Buffer that went through JSON', 'pass Buffer.from(its data)'],
  [
    (input) => 'length' in input && 'item' in input,
    () => 'a list of files',
    'pass Array.from(files), or files[0]',
  ],
  [(input) => 'files' in input, describe, 'pass its file: input.files[0]'],
  [(input) => 'videoWidth' in input, () => 'a video', 'pass await createImageBitmap(video)'],
  [(input) => 'headers' in input, describe, 'pass await response.blob()'],
  [(input) => typeof input.getFile === 'function', describe, 'pass await handle.getFile()'],
  [(input) => typeof input.toBuffer === 'function', describe, 'pass the result of its toBuffer()'],
  [
    (input) => typeof input.pipe === 'function' || typeof input.getReader === 'function',
    () => 'a stream',
    'read it to its end and pass the bytes',
  ],
  [ArrayBuffer.isView, describe, `for pixels, pass ${pixels}`],
  [Array.isArray, describe, 'pass one array of images, with no array inside'],
];

/**
 * The error of an argument that is no image: it says what it is and what to do.
 * @param objects the objects that the platform can read.
 */
export function inputError(input: unknown, objects: string): TypeError {
  const found = typeof input === 'object' && input !== null ? kinds.find(([is]) => is(input)) : undefined;
  const [, got, advice] = found ?? [];
  return new TypeError(
    'expected pixels ({ data: Uint8Array, width, height, channels } or ImageData), ' +
      `the bytes of a PNG, JPEG or WebP, ${objects}, got ${(got ?? describe)(input)}${advice ? `; ${advice}` : ''}`,
  );
}

function onnxTensor({ type, dims }: { readonly type: unknown; readonly dims: unknown }): string {
  return `a tensor of ONNX Runtime, ${type} [${dims}]`;
}

function tfjsTensor({ dtype, shape }: { readonly dtype: unknown; readonly shape: unknown }): string {
  return `a tensor of TensorFlow.js, ${dtype} [${shape}]`;
}
