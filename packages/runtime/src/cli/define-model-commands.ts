import type { Command } from 'commander';
import { doctor } from './doctor.js';
import { files } from './files.js';
import { info } from './info.js';
import { modelCommand, modelHelp, type Show } from './options.js';

/** Defines the commands on models and devices: info, files, doctor. */
export function defineModelCommands(program: Command, show: Show): void {
  modelCommand(program, 'info', 'describe a model folder and verify its files').action((model, flags) =>
    show(flags, ({ signal }) => info(model, signal)),
  );

  modelCommand(program, 'files', 'list the files of a model folder that have to be deployed, or copy them')
    .option('--out <dir>', 'copy the files to this folder')
    .option('--force', 'replace an existing model folder', false)
    .action((model, flags) => show(flags, ({ signal }) => files(model, flags, signal)));

  program
    .command('doctor')
    .description('test every device on this system; with a model, also check its results')
    .argument('[model]', modelHelp)
    .option('--json', 'print JSON', false)
    .action((model, flags) => show(flags, ({ signal }) => doctor(model, signal)));
}
