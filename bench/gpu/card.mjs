// What NVIDIA's own tool says of the card; nothing where there is none.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

async function ask(query) {
  try {
    const argv = [`--query-gpu=${query}`, '--format=csv,noheader,nounits', '--id=0'];
    const { stdout } = await promisify(execFile)('nvidia-smi', argv, { timeout: 5000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Name, memory and driver of the first card. */
export async function cardOf() {
  const found = (await ask('name,memory.total,driver_version'))?.split(', ');
  return found && { name: found[0], megabytes: Number(found[1]), driver: found[2] };
}

/** MB in use on the first card, by all programs; undefined where the tool does not say. */
export async function memoryOfCard() {
  const megabytes = Number(await ask('memory.used'));
  return Number.isNaN(megabytes) ? undefined : megabytes;
}
