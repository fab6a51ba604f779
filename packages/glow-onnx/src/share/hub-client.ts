import { messageOf } from '@glow-onnx/runtime/internal';
import type { Hub } from './repository.js';

/** A file to upload: its path in the repository, and where it is on this machine. */
export interface Upload {
  readonly path: string;
  readonly content: URL;
}

/** What is done to one repository of a hub. */
export interface HubClient {
  /** Undefined if the repository does not exist, or the token may not see it. */
  visibility(): Promise<'public' | 'private' | undefined>;
  create(isPrivate: boolean): Promise<void>;
  /** Makes a branch from `main`, unless it exists. */
  createBranch(branch: string): Promise<void>;
  /** Uploads files as one commit, and gives its id. */
  upload(branch: string, title: string, files: readonly Upload[]): Promise<string | undefined>;
}

/** Calls the client of the Hugging Face Hub. Its errors come in words, without the signed addresses of uploads. */
export async function openHub(repository: string, hub: Hub, signal?: AbortSignal): Promise<HubClient> {
  const { createBranch, createRepo, HubApiError, modelInfo, uploadFiles } = await import('@huggingface/hub');
  const common = {
    repo: repository,
    hubUrl: hub.endpoint,
    accessToken: hub.token,
    fetch: ((url, init) => fetch(url, { ...(signal && { signal }), ...init })) as typeof fetch,
  };
  /** Undefined in place of an answer with one of these statuses. */
  const unless = async <T>(statuses: readonly number[], call: Promise<T>): Promise<T | undefined> => {
    try {
      return await call;
    } catch (error) {
      signal?.throwIfAborted();
      const status = error instanceof HubApiError ? error.statusCode : undefined;
      if (status !== undefined && statuses.includes(status)) return undefined;
      throw new Error(`push: ${reasonOf(error, status, repository, hub)}`);
    }
  };
  return {
    async visibility() {
      const info = await unless([401, 404], modelInfo({ ...common, name: repository }));
      return info && (info.private ? 'private' : 'public');
    },
    async create(isPrivate) {
      await unless([409], createRepo({ ...common, ...(isPrivate && { visibility: 'private' }) }));
    },
    async createBranch(branch) {
      await unless([409], createBranch({ ...common, branch }));
    },
    async upload(branch, commitTitle, files) {
      const done = await unless(
        [],
        uploadFiles({
          ...common,
          branch,
          commitTitle,
          files: [...files],
          useXet: false, // plain uploads, which mirrors understand too
          ...(signal && { abortSignal: signal }),
        }),
      );
      return done?.commit.oid;
    },
  };
}

function reasonOf(error: unknown, status: number | undefined, repository: string, { endpoint }: Hub): string {
  const message = messageOf(error).replace(/\. URL: .*$/s, '');
  switch (status) {
    case undefined: {
      const { cause } = error as { readonly cause?: unknown };
      return `${endpoint} cannot be reached: ${cause === undefined ? message : messageOf(cause)}`;
    }
    case 401:
      return `${endpoint} does not accept the access token (${message}); check HF_TOKEN`;
    case 403:
      return `the access token may not write to ${repository} (${message}); use one with the right to write there`;
    case 429:
      return `${endpoint} has too many requests (${message}); try again later`;
    default:
      return `${endpoint} answers ${status}: ${message}`;
  }
}
