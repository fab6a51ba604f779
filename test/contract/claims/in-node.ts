/** Checks the claims on a device of Node in a process of its own: node in-node.mjs '{ "device": …, "models": … }' */
import * as glow from '@glow-onnx/runtime';
import { checkClaims, type Place } from './claims.js';

const { models, ...given } = JSON.parse(process.argv[2] as string) as Place & { models: string };
const results = await checkClaims({
  ...given,
  load: (name, options) => glow.loadGlow(`${models}/${name}`, { device: given.device, ...options }),
  glow,
});
process.stdout.write(JSON.stringify(results));
