import { printable } from '@glow-onnx/flow/manifest';

/** A model folder in a repository of a model hub. */
export interface HubName {
  /** `owner/name`. */
  readonly repository: string;
  /** A branch, a tag or a commit; undefined: the branch `main`. */
  readonly revision: string | undefined;
  /** The folder in the repository, `a/b`; empty: the repository itself. */
  readonly folder: string;
}

/** Where the hub keeps pull requests and converted files. Such a revision may have its slashes. */
const isHubRef = /^refs\/(?:pr|convert)\/[^/]+$/;
const form = 'hf:owner/name, hf:owner/name@revision or hf:owner/name/folder';

/**
 * Reads `hf:owner/name`, `hf:owner/name@revision`, `hf:owner/name/folder` or `hf:owner/name@revision/folder`, also with
 * `hf://`. A slash in a revision is written `%2F`; `refs/pr/1` needs no `%2F`.
 * @throws TypeError if the text has another form: each part becomes a part of an address.
 */
export function parseHubName(text: string): HubName {
  const [, owner = '', name = '', revision, folder = ''] =
    /^\s*hf:(?:\/\/)?([^/@]+)\/([^/@]+)(?:@(refs\/(?:pr|convert)\/[^/]+|[^/]+))?(?:\/(.*))?$/i.exec(
      text.trim(),
    ) ?? [];
  const branch = revision?.replaceAll(/%2f/gi, '/');
  const path = folder.replace(/\/+$/, '');
  const parts = [...(branch?.split('/') ?? []), ...(path === '' ? [] : path.split('/'))];
  if (isRepositoryPart(owner) && isRepositoryPart(name) && parts.every(isPathPart)) {
    return { repository: `${owner}/${name}`, revision: branch, folder: path };
  }
  throw new TypeError(`loadGlow: expected ${form}, got ${printable(text.slice(0, 200))}`);
}

/** The name as users write it: `hf:owner/name@revision/folder`. */
export function hubNameOf({ repository, revision, folder }: HubName): string {
  const branch = revision && (isHubRef.test(revision) ? revision : revision.replaceAll('/', '%2F'));
  return `hf:${repository}${branch === undefined ? '' : `@${branch}`}${folder && `/${folder}`}`;
}

/** What to do if no model is at a source that may mean a repository: `owner/name`, or the address of a page of the hub. */
export function hubAdvice(source: string | URL): string | undefined {
  const name = meantHubName(source);
  return name && `if this is a repository of the Hugging Face Hub, pass "${name}"`;
}

function meantHubName(source: string | URL): string | undefined {
  const [, repository = ''] =
    /^(?:https:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/)?([^/]+\/[^/?#]+)(?:\/(?:tree\/main\/?)?)?$/.exec(
      String(source),
    ) ?? [];
  return repository.split('/').filter(isRepositoryPart).length === 2 ? `hf:${repository}` : undefined;
}

/** The hub's own rule for owners and names. */
function isRepositoryPart(text: string): boolean {
  return /^[\w.-]{1,96}$/.test(text) && !/^[.-]|[.-]$|--|\.\./.test(text);
}

/** A part that stays what it is in an address: no step upwards, no control character, no half of a character. */
function isPathPart(part: string): boolean {
  return part.length <= 200 && !/^\.{0,2}$|[\p{C}\\:*?"<>|]/u.test(part);
}
