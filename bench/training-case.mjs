// One measurement of training.mjs: prints images/s, or seconds and steps, and the peak memory of this process as JSON.
import { trainingSpeed } from './training-speed.mjs';

const { plain, device, ...measurement } = JSON.parse(process.argv[2]);
const found = measurement.until ? await untilThen() : { imagesPerSecond: await speed() };
const megabytes = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ...found, megabytes }));
process.exit();

async function untilThen() {
  const { trainUntil } = await import('./training-until.mjs');
  return trainUntil({ device, ...measurement });
}

function speed() {
  return plain ? plainSpeed() : trainingSpeed({ device, ...measurement });
}

async function plainSpeed() {
  const tf = await import('@tensorflow/tfjs-core');
  await import(device === 'wasm' ? '@tensorflow/tfjs-backend-wasm' : '@tensorflow/tfjs-node');
  await tf.setBackend(device === 'wasm' ? 'wasm' : 'tensorflow');
  const { plainTrainingSpeed } = await import('./plain-training.mjs');
  return plainTrainingSpeed(measurement);
}
