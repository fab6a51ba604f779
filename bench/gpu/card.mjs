// What NVIDIA's own tool says of the card; nothing where there is none.
import { execFileSync } from 'node:child_process';

function ask(query) {
  try {
    const format = '--format=csv,noheader,nounits';
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 };
    return execFileSync('nvidia-smi', [`--query-gpu=${query}`, format, '--id=0'], options).trim();
  } catch {
    return undefined;
  }
}

/** Name, memory and driver of the first card. */
export function cardOf() {
  const found = ask('name,memory.total,driver_version')?.split(', ');
  return found && { name: found[0], megabytes: Number(found[1]), driver: found[2] };
}

/** MB in use on the first card, by all programs. */
export function memoryOfCard() {
  const found = ask('memory.used');
  return found === undefined ? undefined : Number(found);
}
