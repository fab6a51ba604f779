import { type ModelStore, UnreachableError } from '../model-store.js';
import { shownAddress, takeCredentials } from './address.js';
import type { Get } from './answer.js';
import { type HubName, hubNameOf, parseHubName } from './hub-name.js';
import type { HubOptions, NetworkOptions } from './network-options.js';
import { serverStore } from './server-store.js';

/** How a platform reaches a model hub. */
export interface HubSettings extends HubOptions {
  /** Whether the cache has to do, without a request. */
  readonly offline?: boolean;
}

const defaultEndpoint = 'https://huggingface.co';

/**
 * Reads a model folder in a repository of a model hub, at `…/owner/name/resolve/revision/file`. The hub says which
 * commit its first answer belongs to. All later files are of this commit, even if the revision moves.
 * @throws TypeError if the name, the address of the hub or the token has a wrong form.
 */
export function hubStore(
  get: Get,
  source: string | URL,
  { endpoint = defaultEndpoint, token, offline = false }: HubSettings,
  { idleTimeoutMs }: NetworkOptions,
): ModelStore {
  const hubName = parseHubName(String(source));
  const name = hubNameOf(hubName);
  const root = rootOf(endpoint);
  const authorization = takeCredentials(root);
  let commit: string | undefined;
  let errorCode: string | undefined;
  const at = (revision: string, path: string) => fileUrl(root, hubName, revision, path);
  const revision = hubName.revision ?? 'main';
  const store = serverStore(
    get,
    {
      name,
      url: at(revision, ''),
      urlOf: (path) => at(commit ?? revision, path),
      authorization: token === undefined ? authorization : `Bearer ${checkToken(token)}`,
      accept({ header }) {
        const stated = header('x-repo-commit');
        if (stated !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(stated)) commit ??= stated;
      },
      async explain(answer) {
        errorCode = answer.header('x-error-code');
        const { explainHubAnswer } = await import('./hub-answer.js');
        explainHubAnswer(answer, {
          ...hubName,
          name,
          hub: shownAddress(root),
          hasToken: token !== undefined,
        });
      },
      advice: async () => {
        if (errorCode === 'EntryNotFound')
          return 'pass a repository, or a folder in it, that holds a model folder';
        return `${root.host} does not say whether the repository, the revision or the folder is missing; check the name`;
      },
    },
    idleTimeoutMs,
  );
  if (!offline) return store;
  return {
    ...store,
    async open(path) {
      throw new UnreachableError(
        `HF_HUB_OFFLINE is set, so the hub is not asked for ${store.locate(path)}; unset it, or load the model once without it`,
      );
    },
  };
}

function fileUrl(root: URL, { repository, folder }: HubName, revision: string, path: string): URL {
  const parts = [...(folder === '' ? [] : folder.split('/')), ...path.split('/')].map(encodeURIComponent);
  return new URL(`${repository}/resolve/${encodeURIComponent(revision)}/${parts.join('/')}`, root);
}

function rootOf(endpoint: string): URL {
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
function checkToken(token: string): string {
  if (/^[\x21-\x7e]{1,1000}$/.test(token)) return token;
  throw new TypeError(
    'loadGlow: the access token for the model hub (HF_TOKEN, hub.token): expected letters, digits and signs, without spaces',
  );
}
