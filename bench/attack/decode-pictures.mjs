// A process that reads images for pictures.mjs: node decode-pictures.mjs <built packages> <with|without>
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const [packages, sharp] = process.argv.slice(2);
if (sharp === 'without') {
  const hook = `export async function resolve(name, context, next) {
    if (name === 'sharp') throw Object.assign(new Error("Cannot find package 'sharp'"), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  }`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
const load = (path) => import(pathToFileURL(`${packages}/runtime/dist/${path}`).href);
const { nodeCodec } = await load('node/images.js');
const { defaultImageLimits } = await load('pictures/limits.js');
const codec = nodeCodec(defaultImageLimits);

process.on('message', async (bytes) => {
  try {
    const { data, width, height, channels } = await codec.read(new Uint8Array(bytes));
    process.send({ image: { data: sampleOf(data, channels), width, height, channels } });
  } catch (error) {
    process.send({ refused: String(error?.message ?? error), type: error?.constructor?.name });
  }
});
/** The pixels, or of a large image every so many of them: enough to compare two readings. */
function sampleOf(data, channels) {
  const every = Math.ceil(data.length / channels / 2 ** 16);
  if (every === 1) return data;
  const sample = [];
  for (let at = 0; at < data.length; at += every * channels) sample.push(...data.subarray(at, at + channels));
  return Uint8Array.from(sample);
}

process.send('ready');
