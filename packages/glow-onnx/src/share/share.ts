import { version } from '@glow-onnx/runtime/internal';
import {
  onTerminal,
  printableJson,
  printableLines,
  type Report,
  runProgram,
  type Terminal,
} from '@glow-onnx/runtime/internal-node';
import { Command } from 'commander';
import { type PullFlags, pull } from './pull.js';
import { type PushFlags, push } from './push.js';

const hubHelp = `
The hub is that of HF_ENDPOINT, default https://huggingface.co. The access token is that of HF_TOKEN, or of the
file that hf auth login wrote.`;

/**
 * The commands push and pull. Results go to stdout; an error is one line on stderr.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 128 and the number of the signal when interrupted.
 */
export async function share(
  name: string,
  argv: readonly string[],
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<number> {
  const show = async ({ json: asJson }: { readonly json: boolean }, run: Promise<Report>) => {
    const { text, json } = await run;
    terminal.stdout.write(`${asJson ? printableJson(json) : printableLines(text)}\n`);
  };
  const program = onTerminal(new Command(name), terminal).version(version);
  program
    .command('push')
    .description('Upload a model folder with its card to a model hub, as one commit.')
    .argument('<modeldir>', 'model folder')
    .argument('<repository>', 'owner/name; it is made if it does not exist')
    .option('--private', 'make the repository private if it does not exist', false)
    .option('--revision <branch>', 'branch to upload to; it is made if it does not exist (default: main)')
    .option('--message <text>', 'message of the commit')
    .option('--json', 'print JSON', false)
    .addHelpText('after', hubHelp)
    .action((folder: string, repository: string, flags: PushFlags & { json: boolean }) =>
      show(flags, push(folder, repository, flags, signal)),
    );
  program
    .command('pull')
    .description('Download a model folder with its card from a model hub.')
    .argument('<repository>', 'owner/name, owner/name@revision or owner/name/folder')
    .requiredOption('--out <dir>', 'model folder to make')
    .option('--force', 'replace an existing model folder', false)
    .option('--json', 'print JSON', false)
    .addHelpText('after', hubHelp)
    .action((repository: string, flags: PullFlags & { json: boolean }) =>
      show(flags, pull(repository, flags, signal)),
    );
  return runProgram(program, argv, terminal, {
    ...(signal && { signal }),
    inFlags: (message) => message.replace(/^loadGlow: /, '').replace(', or pass hub: { token }', ''),
  });
}
