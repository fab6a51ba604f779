import { printable } from '@glow-onnx/flow/manifest';
import { type Command, CommanderError, Help } from 'commander';
import { type Advice, AdvisedError, withAdvice } from '../advised-error.js';
import { messageOf } from '../message-of.js';
import { BatchError } from '../model/batch-error.js';
import { explainSystemError } from '../node/explain-system-error.js';
import { printableLines } from './printable-output.js';
import { exitCodeOf } from './run-command.js';
import { SomeFailed } from './some-failed.js';

/** The streams that a command writes to. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
}

export interface ProgramOptions {
  /** Aborted when the user interrupts the command. */
  readonly signal?: AbortSignal;
  /** Whether an error means that the command was interrupted. Default: every error after `signal` was aborted. */
  readonly isInterrupt?: (error: unknown) => boolean;
  /** The line to print for an interrupted command. */
  readonly interrupted?: string;
  /** What the command advises in place of the library. */
  readonly advice?: Advice;
  /** Rewrites an error message of the library for the command line: flags instead of options. */
  readonly inFlags?: (message: string) => string;
}

/**
 * Parses the arguments and runs the action of a commander program. An error becomes one line on stderr, with a line for
 * each image that failed.
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, 128 and the number of the signal when interrupted.
 */
export async function runProgram(
  program: Command,
  argv: readonly string[],
  { stderr }: Terminal,
  {
    signal = new AbortController().signal,
    isInterrupt = () => signal.aborted,
    interrupted = 'interrupted',
    advice = {},
    inFlags = (message) => message,
  }: ProgramOptions = {},
): Promise<number> {
  const inOneLine = (message: string) =>
    printable(inFlags(forCommands(message)).replaceAll(/\s*\n\s*/g, ' '));
  const fail = (message: string) => stderr.write(`${program.name()}: ${message}\n`);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (isInterrupt(error)) {
      fail(interrupted);
      return exitCodeOf(signal);
    }
    const own = { ...commonAdvice, ...advice };
    const failed = error instanceof BatchError ? new SomeFailed(error) : error;
    const said = failed instanceof AdvisedError ? withAdvice(failed, own) : messageOf(explainUnknown(failed));
    fail(inOneLine(said));
    if (failed instanceof SomeFailed) {
      for (const reason of failed.reasons) stderr.write(`  ${inOneLine(reason)}\n`);
    }
    return 1;
  }
}

/** What all commands advise: their flags have these names. */
const commonAdvice: Advice = {
  tensor: 'pass --tensor with the name of one of them',
  labels: 'pass one of these as --labels, or data with labels',
  classes: 'pass --labels with the classes of the model',
};

/** Advice of the library that no command can follow. */
const adviceForPrograms =
  /, or (decode it and pass its pixels|load the model with a larger max(Pixels|Bytes)|pass a larger idleTimeoutMs)|; if this is right, pass privateRedirects: true/g;

/** A message of the library without advice that only a program can follow. */
export function forCommands(message: string): string {
  return message.replaceAll(adviceForPrograms, '');
}

/** An error of the system that nobody has put into words yet. */
function explainUnknown(error: unknown): unknown {
  const { syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (path === undefined) return error;
  const reads = /^(open|read|l?stat|scandir|realpath|access)/.test(syscall ?? '');
  return explainSystemError(reads ? 'read' : 'written', path, error);
}

/**
 * Makes a commander program throw instead of exit, write to this terminal, and mark required options in its help. Its
 * subcommands do the same.
 */
export function onTerminal(program: Command, { stdout, stderr }: Terminal): Command {
  return program
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(printableLines(text)),
      writeErr: (text) => stderr.write(printableLines(text)),
    })
    .configureHelp({
      optionDescription: (option) =>
        `${new Help().optionDescription(option)}${option.mandatory ? ' (required)' : ''}`,
    });
}

/** Leaves out the options that are undefined. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
