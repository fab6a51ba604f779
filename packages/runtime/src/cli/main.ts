import { printable } from '@glow-onnx/flow/manifest';
import { Command } from 'commander';
import { describeLeftOut } from '../node/left-out.js';
import { defineEditCommands } from './define-edit-commands.js';
import { defineImageCommands } from './define-image-commands.js';
import { defineModelCommands } from './define-model-commands.js';
import { defineRestoreCommands } from './define-restore-commands.js';
import { describeFitted } from './fitted.js';
import type { Show } from './options.js';
import { printableJson, printableLines } from './printable-output.js';
import { progressOn } from './progress.js';
import { onTerminal, runProgram, type Terminal } from './run-program.js';

/**
 * Runs a command such as `glow-onnx sample`. Results go to stdout; progress and errors go to stderr.
 * @param name of the program, for help and messages.
 * @param signal stops the command at once, because models then run in a process of their own. No output file is left
 *   incomplete.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 128 and the number of the signal when interrupted.
 */
export async function main(
  argv: readonly string[],
  version: string,
  terminal: Terminal,
  signal?: AbortSignal,
  name = 'glow',
): Promise<number> {
  return runProgram(createProgram(version, terminal, signal, name), argv, terminal, {
    signal: signal ?? new AbortController().signal,
    inFlags,
  });
}

/** The commands that run a model. */
export function createProgram(
  version: string,
  terminal: Terminal,
  signal: AbortSignal | undefined,
  name: string,
): Command {
  const program = onTerminal(new Command(name), terminal)
    .description('Encode, decode, sample, edit and score images with a Glow model folder.')
    .version(version);
  const show: Show = async ({ json: asJson }, run) => {
    const { end, ...listeners } = progressOn(terminal.stderr, name);
    const result = run({
      ...listeners,
      signal: signal ?? new AbortController().signal,
      worker: signal !== undefined,
    });
    const { text, json, leftOut = [], fitted = [], error } = await result.finally(end);
    const notes = [describeLeftOut(leftOut) ?? [], describeFitted(fitted)].flat();
    for (const note of notes) terminal.stderr.write(`${name}: ${printable(note)}\n`);
    terminal.stdout.write(`${asJson ? printableJson(json) : printableLines(text)}\n`);
    if (error) throw error;
  };
  defineModelCommands(program, show);
  defineImageCommands(program, show);
  defineEditCommands(program, show);
  defineRestoreCommands(program, show);
  return program;
}

/** Rewrites an error message of the library for the command line: no method name, and flags instead of options. */
function inFlags(message: string): string {
  return message
    .replace(
      /^(loadGlow|encode|features|decode|reconstruct|sample|score|calibrate|interpolate|mix|inpaint|denoise|enlarge|\w+Attribute|\w+Direction|\w+Latents): /,
      '',
    )
    .replace(
      /^(label|count|temperature|seed|height|width|levels|strength|steps|precision|device|draws|bound)\b(?!\.)/,
      '--$1',
    )
    .replace(/, or the index of a class, an integer from 0 to \d+/, '')
    .replaceAll('pass fit: "cover", "resize", "crop" or "pad"', 'pass --fit cover, resize, crop or pad')
    .replaceAll('fit: "cover" gives', '--fit cover gives')
    .replace(
      /pass them as \{ shape: (\[\d+), height, width\], data: Float32Array \}/,
      'pass a .safetensors file of $1, height, width]',
    )
    .replaceAll('maxMemory is', '--max-memory is')
    .replaceAll('or load the model with a larger maxMemory', 'or pass a larger --max-memory')
    .replaceAll('pass fit: "cover", "pad" or "resize"', 'pass --fit cover, pad or resize')
    .replace(', or pass hub: { token }', '')
    .replace(/(; )call (?:decode|sample)Floats$/, '$1pass --out FILE.safetensors')
    .replaceAll('pass device: ', 'pass --device ');
}
