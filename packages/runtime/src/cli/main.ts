import { Command } from 'commander';
import { defineEditCommands } from './define-edit-commands.js';
import { defineImageCommands } from './define-image-commands.js';
import { defineModelCommands } from './define-model-commands.js';
import type { Show } from './options.js';
import { progressOn } from './progress.js';
import { onTerminal, runProgram, type Terminal } from './run-program.js';

/**
 * Runs the command `glow`. Results go to stdout; progress and an error, in one line, go to stderr.
 * @param signal stops the command at once, because models then run in a process of their own. No output file is left
 *   incomplete.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 130 when interrupted.
 */
export async function main(
  argv: readonly string[],
  version: string,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<number> {
  return runProgram(buildProgram(version, terminal, signal), argv, terminal, {
    isInterrupt: () => signal?.aborted ?? false,
    inFlags,
  });
}

function buildProgram(version: string, terminal: Terminal, signal: AbortSignal | undefined): Command {
  const program = onTerminal(new Command('glow'), terminal)
    .description('Encode, decode, sample, edit and score images with a Glow model folder.')
    .version(version);
  const show: Show = async ({ json: asJson }, run) => {
    const { onProgress, end } = progressOn(terminal.stderr);
    const { text, json, error } = await run({
      onProgress,
      signal: signal ?? new AbortController().signal,
      worker: signal !== undefined,
    }).finally(end);
    terminal.stdout.write(`${asJson ? JSON.stringify(json, null, 2) : text}\n`);
    if (error) throw error;
  };
  defineModelCommands(program, show);
  defineImageCommands(program, show);
  defineEditCommands(program, show);
  return program;
}

/** Rewrites an error message of the library for the command line: no method name, and flags instead of options. */
function inFlags(message: string): string {
  return message
    .replace(
      /^(loadGlow|encode|decode|reconstruct|sample|score|interpolate|mix|\w+Attribute|\w+Direction|\w+Latents): /,
      '',
    )
    .replace(/^(label|count|temperature|seed|height|width|levels|strength|steps|precision|device)\b/, '--$1')
    .replaceAll('pass fit: "resize", "crop" or "pad"', 'pass --fit resize, crop or pad')
    .replaceAll('pass fit: "pad" or "resize"', 'pass --fit pad or resize')
    .replaceAll('pass device: ', 'pass --device ');
}
