import type { Lifetime } from '../sessions/lifetime.js';
import type { GlowModel } from './model.js';
import { checkCall, type Method, signatures } from './signatures.js';

/**
 * The methods of a model. Each checks its arguments, and rejects once the model is disposed.
 * @param perform runs a method with arguments that were checked.
 */
export function createMethods(
  lifetime: Lifetime,
  perform: (method: Method, args: readonly unknown[]) => Promise<unknown>,
): Pick<GlowModel, Method> {
  const methods = (Object.keys(signatures) as Method[]).map((method) => {
    const run = (...args: unknown[]) =>
      lifetime.during(async () => {
        checkCall(method, args);
        return perform(method, args);
      }, `${method}: this model is disposed; load it again`);
    return [method, run];
  });
  return Object.fromEntries(methods) as unknown as Pick<GlowModel, Method>;
}
