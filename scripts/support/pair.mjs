/** One pair of npm and Node in a fresh clone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { environmentOf } from './tools.mjs';

const timeoutMs = 600_000; // per command; `npm ci` takes the longest, under a minute on two cores
const training = '--bits 5 --levels 2 --steps 2 --hidden 16 --batch 8 --limit 512 --epochs 1';

/** [name, words for npm], or for Node where the first of them is a file. */
const commands = [
  ['npm ci', ['ci']],
  ['npm run build', ['run', 'build']],
  [
    'glow-train',
    `exec -- glow-train --data models/pixel-faces/faces.json ${training} --out runs/smoke`.split(' '),
  ],
  ['glow-export', 'exec -- glow-export runs/smoke/best.safetensors --out out/smoke'.split(' ')],
  ['restoring pictures', ['scripts/smoke.mjs', 'models/pixel-faces', 'out/smoke']],
];

/**
 * Runs the commands on a commit of this repository.
 * @returns {{ passed: true } | { failed: string }} the name of the command that failed.
 */
export function runPair(npm, node, commit, folder, log) {
  const home = join(folder, 'pair');
  const clone = join(home, 'clone');
  mkdirSync(home);
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });
  git('clone', '--quiet', '--no-checkout', resolve('.'), clone);
  git('-C', clone, 'checkout', '--quiet', '--detach', commit);

  const output = openSync(log, 'w');
  const options = {
    cwd: clone,
    env: environmentOf(npm, node, home),
    stdio: ['ignore', output, output],
    timeout: timeoutMs,
  };
  let failed;
  for (const [name, args] of commands) {
    writeSync(output, `\n$ ${name}\n`);
    const script = args[0].endsWith('.mjs') ? args : [npm.cli, ...args];
    const { status, signal, error } = spawnSync(node.binary, script, options);
    if (status === 0) continue;
    writeSync(output, `exit status ${status}, signal ${signal}, ${error ?? 'no other error'}\n`);
    failed = name;
    break;
  }
  const changed = failed ? '' : git('-C', clone, 'status', '--porcelain');
  if (changed !== '') {
    writeSync(output, `\nchanged files:\n${changed}`);
    failed = 'no file changed';
  }
  closeSync(output);
  if (failed) console.error(readFileSync(log, 'utf8').split('\n').slice(-25).join('\n'));
  rmSync(home, { recursive: true, maxRetries: 3 });
  return failed ? { failed } : { passed: true };
}
