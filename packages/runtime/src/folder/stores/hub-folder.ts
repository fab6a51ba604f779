import { shownAddress, takeCredentials } from './address.js';
import { explainHubAnswer } from './hub-answer.js';
import { type HubName, hubNameOf, parseHubName } from './hub-name.js';
import type { ServerFolder } from './server-store.js';

/** How to reach a model hub. */
export interface HubOptions {
  /**
   * An access token, for repositories that are not public. It goes to the origin of the hub alone, and into no message.
   * Default in Node: the token of the environment, of `HF_TOKEN` or of the file of `hf auth login`, if the hub is that
   * of the environment too.
   */
  readonly token?: string | undefined;
  /** The address of the hub. Default: in Node `HF_ENDPOINT`; otherwise `https://huggingface.co`. */
  readonly endpoint?: string | undefined;
}

export const defaultEndpoint = 'https://huggingface.co';

/**
 * A model folder in a repository of a model hub, at `…/owner/name/resolve/revision/file`. The hub says which commit its
 * first answer belongs to. All later files are of this commit, even if the revision moves.
 * @throws TypeError if the name, the address of the hub or the token has a wrong form.
 */
export function hubFolder(
  source: string | URL,
  { endpoint = defaultEndpoint, token }: HubOptions = {},
): ServerFolder {
  const hubName = parseHubName(String(source));
  const { revision = 'main' } = hubName;
  const name = hubNameOf(hubName);
  const root = rootOf(endpoint);
  const authorization = takeCredentials(root);
  const request = { ...hubName, name, hub: shownAddress(root), hasToken: token !== undefined };
  let commit: string | undefined;
  let errorCode: string | undefined;
  return {
    name,
    url: fileUrl(root, hubName, revision, ''),
    urlOf: (path) => fileUrl(root, hubName, commit ?? revision, path),
    authorization: token === undefined ? authorization : `Bearer ${checkToken(token)}`,
    accept({ header }) {
      const stated = header('x-repo-commit') ?? '';
      if (/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(stated)) commit ??= stated;
    },
    explain(answer) {
      errorCode = answer.header('x-error-code');
      explainHubAnswer(answer, request);
    },
    advice: async () =>
      errorCode === 'EntryNotFound'
        ? 'pass a repository that is a model folder, or hf:owner/name/folder for a folder in it'
        : 'the hub does not say whether the repository, the revision or the folder is missing; check the name',
  };
}

function fileUrl(root: URL, { repository, folder }: HubName, revision: string, path: string): URL {
  const parts = [...(folder === '' ? [] : folder.split('/')), ...path.split('/')].map(encodeURIComponent);
  return new URL(`${repository}/resolve/${encodeURIComponent(revision)}/${parts.join('/')}`, root);
}

/** @throws TypeError unless the address of a hub is an http or https address. */
export function rootOf(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `loadGlow: the address of the model hub (HF_ENDPOINT, hub.endpoint): expected an http or https address, got ${shownAddress(endpoint)}`,
    );
  }
  url.search = '';
  url.hash = '';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/`;
  return url;
}

/** The token becomes a header. No message shows it. */
export function checkToken(token: string): string {
  if (/^[\x21-\x7e]{1,1000}$/.test(token)) return token;
  throw new TypeError(
    'loadGlow: the access token for the model hub (HF_TOKEN, hub.token): expected letters, digits and signs, without spaces',
  );
}
