import type { InferenceSessionFactory } from 'onnxruntime-common';

const variable = 'NVIDIA_TF32_OVERRIDE';

/** Whether the CUDA libraries may use TF32; undefined until they have read the variable. */
let allowed: boolean | undefined;

/**
 * Opens CUDA sessions with or without TF32. onnxruntime-node has no option for this, but the CUDA libraries read an
 * environment variable at their first call. A value that is already set stays. If no session can be opened, the
 * variable gets its old value back, because child processes inherit it.
 * @throws Error if `allowTf32` contradicts the environment or an earlier session.
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
    `device "cuda": allowTf32: ${allowTf32} comes too late; the environment variable ${variable} or an earlier ` +
      'model has set it otherwise for this process; start a new process',
  );
}
