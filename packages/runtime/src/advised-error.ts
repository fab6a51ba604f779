/**
 * An error whose advice depends on who asked: a program passes options, and a command flags of its own. The message has
 * the advice for programs and for `glow-onnx train`; `runProgram` gives that of its command.
 */
export class AdvisedError extends RangeError {
  /**
   * @param fact what is wrong: the message without its advice.
   * @param about the name by which a command finds its own advice.
   */
  constructor(
    readonly fact: string,
    readonly about: 'tensor' | 'labels' | 'classes' | 'size' | 'channels' | 'other data',
    advice: string,
  ) {
    super(`${fact}; ${advice}`);
    this.name = 'RangeError';
  }
}

/** What a command advises, by what an error is about. */
export type Advice = { readonly [A in AdvisedError['about']]?: string };

/** The message of an error, with the advice of a command if it has its own. */
export function withAdvice(error: AdvisedError, advice: Advice): string {
  const own = advice[error.about];
  return own === undefined ? error.message : `${error.fact}; ${own}`;
}
