import { printable } from '@glow-onnx/flow/manifest';
import type { Answer } from './answer.js';
import type { HubName } from './hub-name.js';

/** A request to a hub. */
export interface HubRequest extends HubName {
  /** The name in messages. */
  readonly name: string;
  /** The address of the hub in messages. */
  readonly hub: string;
  readonly hasToken: boolean;
}

/**
 * Puts into words why a hub does not give a file. A hub says it in the header `X-Error-Code`; it does not tell a
 * repository that is private from one that does not exist.
 * @throws Error unless the file alone is missing, or the hub does not say why.
 */
export function explainHubAnswer(
  { status, header }: Answer,
  { name, repository, revision = 'main', hub, hasToken }: HubRequest,
): void {
  const code = header('x-error-code');
  const says = header('x-error-message');
  const said = says === undefined ? '' : ` (the hub says: ${printable(says.slice(0, 200))})`;
  const fail = (message: string) => {
    throw new Error(`${name}: ${message}${said}`);
  };
  const token = 'set HF_TOKEN to an access token that may read it, or pass hub: { token }';
  if (code === 'GatedRepo') {
    fail(`the repository is gated; accept its conditions at ${hub}${repository}, and ${token}`);
  }
  if (code === 'RevisionNotFound') {
    fail(`the repository has no revision "${printable(revision)}"; check the part after the @`);
  }
  if (code === 'RepoNotFound' || status === 401) {
    fail(
      `${hub} has no such repository, or it is private; check owner and name, or ${
        hasToken
          ? 'use another access token: the hub does not accept this one, or it may not read the repository'
          : token
      }`,
    );
  }
  if (status === 403) fail(`the hub refuses access; ${token}`);
}
