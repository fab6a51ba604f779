import { precisions } from '@glow-onnx/flow/manifest';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Which model, and on what. */
export function modelOptions<C extends Command>(command: C): C {
  const devices = ['auto', 'cpu', 'webgpu', 'cuda', 'wasm'];
  command
    .addOption(new Option('--device <device>', 'where to run').choices(devices).default('auto'))
    .addOption(new Option('--precision <precision>', 'which graphs').choices([...precisions]).default('fp32'))
    .option('--label <class>', 'name or number, for class-conditional models');
  return command;
}

/** Where pictures go. */
export function pictureOptions<C extends Command>(command: C): C {
  command
    .requiredOption('--out <path>', 'one picture of all (FILE.png), or a folder')
    .option('--columns <n>', 'columns of FILE.png (default: about square)', integer(1, 1000))
    .option('--scale <n>', 'enlargement in FILE.png (default: to about 128 pixels)', integer(1, 64))
    .option('--force', 'overwrite', false);
  return command;
}

export function fitOption(): Option {
  const description = 'for sizes that the model cannot take (default: an error); cover: to the training size';
  return new Option('--fit <how>', description).choices(['resize', 'crop', 'pad', 'cover']);
}

export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `from ${least} on`;
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be an integer ${range}.`);
  };
}

/** A number for all levels, or one per level: `0.7` or `1,1,0.5`. */
export function perLevel(text: string): number | readonly number[] {
  const values = text.split(',').map(number);
  return values.length === 1 ? (values[0] as number) : values;
}

/** `0,2` */
export function levels(text: string): readonly number[] {
  return text.split(',').map(integer(0));
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number, or one per level with commas between.');
}
