import {
  checkToken,
  defaultEndpoint,
  hubNameOf,
  hubSettings,
  parseHubName,
  rootOf,
  takeCredentials,
} from '@glow-onnx/runtime/internal-node';

/** A repository as the commands `push` and `pull` take it, with or without `hf:`. */
export type RepositoryName = ReturnType<typeof parseHubName>;

/** @throws TypeError if the text is not `owner/name`, `owner/name@revision` or `owner/name/folder`. */
export function parseRepository(text: string): RepositoryName {
  return parseHubName(/^\s*hf:/i.test(text) ? text : `hf:${text}`);
}

/** The name that `loadGlow` takes. */
export const nameOf: (repository: RepositoryName) => string = hubNameOf;

export interface Hub {
  /** Without a slash at its end, and without user and password. */
  readonly endpoint: string;
  readonly token: string;
}

/**
 * The hub and the token of the environment, to write to it.
 * @throws Error if the environment has no token. @throws TypeError if the token or the address has a wrong form.
 */
export function hubToWrite(): Hub {
  const { endpoint = defaultEndpoint, token, offline } = hubSettings();
  if (offline) throw new Error('push: HF_HUB_OFFLINE is set; unset it to reach the hub');
  if (token === undefined) {
    throw new Error(
      'push: no access token; make one with the right to write in the settings of your account on the hub, and set ' +
        'HF_TOKEN to it, or log in with hf auth login',
    );
  }
  if (!token.startsWith('hf_'))
    throw new Error('push: HF_TOKEN: expected an access token, which begins with hf_');
  const root = rootOf(endpoint);
  takeCredentials(root); // the token takes their place
  return { endpoint: root.href.replace(/\/+$/, ''), token: checkToken(token) };
}
