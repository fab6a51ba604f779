import { readWholeFile } from '@glow-onnx/runtime/internal-node';

/** The variable of the environment that may hold the token. Arguments would show it to all users of the machine. */
export const tokenVariable = 'GLOW_ONNX_TOKEN';

/**
 * The token from a file or from the environment; undefined if there is neither.
 * @throws Error if both are given; RangeError if the token is too short. The message never has the token.
 */
export async function readToken(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const inEnvironment = environment[tokenVariable];
  if (file === undefined) return inEnvironment;
  if (inEnvironment !== undefined) {
    throw new Error(`both --token-file and ${tokenVariable} give a token; give one of them`);
  }
  return new TextDecoder().decode(await readWholeFile(file)).trim();
}
