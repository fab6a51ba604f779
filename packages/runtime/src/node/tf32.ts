import type { InferenceSessionFactory } from 'onnxruntime-common';

const variable = 'NVIDIA_TF32_OVERRIDE';

/** Whether CUDA's libraries, once they have read the variable, may use TF32. */
let allowed: boolean | undefined;

/**
 * Sessions on CUDA with TF32 or without. onnxruntime-node has no option for it, but CUDA's libraries read a variable of
 * the environment at the first call. Where there are no such libraries it is left as it was, since child processes
 * inherit it; where it is set already, it stays.
 * @throws Error if TF32 is wanted and has been switched off, or the other way round.
 */
export function cudaSessions(factory: InferenceSessionFactory, allowTf32: boolean): InferenceSessionFactory {
  const decided = allowed ?? (process.env[variable] === '0' ? false : allowTf32);
  if (allowTf32 !== decided) throw contradiction(allowTf32);
  return {
    async create(...call: [never]) {
      const inherited = process.env[variable];
      if (!allowTf32) process.env[variable] ??= '0';
      try {
        const session = await factory.create(...call);
        allowed = allowTf32;
        return session;
      } catch (error) {
        if (inherited === undefined) delete process.env[variable];
        throw error;
      }
    },
  };
}

function contradiction(allowTf32: boolean): Error {
  return new Error(
    `device "cuda": allowTf32: ${allowTf32} comes too late; the environment (${variable}) or an earlier model has ` +
      'decided otherwise, and that holds for the whole process',
  );
}
