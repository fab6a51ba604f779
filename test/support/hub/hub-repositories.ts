import { createHash } from 'node:crypto';

/** The files of one commit by their paths. */
export type Tree = ReadonlyMap<string, Buffer>;

export interface Repository {
  readonly isPrivate: boolean;
  readonly isGated: boolean;
  readonly commits: Map<string, Tree>;
  /** Branches and tags, to commits. */
  readonly branches: Map<string, string>;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The repositories of a hub, in memory. */
export class Repositories {
  readonly #byName = new Map<string, Repository>();

  get(name: string): Repository | undefined {
    return this.#byName.get(name);
  }

  create(name: string, { isPrivate = false, isGated = false } = {}): Repository {
    const repository = { isPrivate, isGated, commits: new Map(), branches: new Map() };
    this.#byName.set(name, repository);
    this.commit(name, 'main', new Map([['.gitattributes', Buffer.from('*.bin filter=lfs\n')]]));
    return repository;
  }

  /** Adds files to a branch, whose older files stay. @returns the commit. */
  commit(name: string, branch: string, files: Tree): string {
    const { commits, branches } = this.get(name) as Repository;
    const before = commits.get(branches.get(branch) ?? '') ?? new Map<string, Buffer>();
    const tree = new Map([...before, ...files]);
    const listing = [...tree].map(([path, bytes]) => `${path} ${sha256(bytes)}`).join('\n');
    const id = createHash('sha1')
      .update(`${branches.get(branch)}\n${listing}`)
      .digest('hex');
    commits.set(id, tree);
    branches.set(branch, id);
    return id;
  }

  clear(): void {
    this.#byName.clear();
  }
}
