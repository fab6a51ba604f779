// One measurement of training.mjs: prints images/s and the peak memory of this process as JSON.
import { trainingSpeed } from './training-speed.mjs';

const { plain, device, ...measurement } = JSON.parse(process.argv[2]);
const imagesPerSecond = plain ? await plainSpeed() : await trainingSpeed({ device, ...measurement });
const megabytes = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ imagesPerSecond, megabytes }));
process.exit();

async function plainSpeed() {
  const tf = await import('@tensorflow/tfjs-core');
  await import(device === 'wasm' ? '@tensorflow/tfjs-backend-wasm' : '@tensorflow/tfjs-node');
  await tf.setBackend(device === 'wasm' ? 'wasm' : 'tensorflow');
  const { plainTrainingSpeed } = await import('./plain-training.mjs');
  return plainTrainingSpeed(measurement);
}
