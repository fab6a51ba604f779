import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { HubOptions } from '../folder/stores/hub-folder.js';

/** How to reach the model hub from this machine. */
export interface HubSettings extends HubOptions {
  /** Whether the hub must not be asked, so that the cache has to do. */
  readonly offline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const longestTokenBytes = 2 ** 12;

/**
 * How to reach the model hub, by the variables that huggingface_hub reads: `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN`,
 * and the file of `hf auth login`. The token of the environment is for the hub of the environment: an address that the
 * program passes gets the token that the program passes.
 */
export function hubSettings(
  { endpoint, token }: HubOptions = {},
  environment: Environment = process.env,
): HubSettings {
  const ofEnvironment = environment.HF_ENDPOINT || undefined;
  const isSameHub = endpoint === undefined || endpoint === ofEnvironment;
  return {
    endpoint: endpoint ?? ofEnvironment,
    token: token ?? (isSameHub ? tokenOf(environment) : undefined),
    offline: isTrue(environment.HF_HUB_OFFLINE),
  };
}

function tokenOf(environment: Environment): string | undefined {
  const stated = environment.HF_TOKEN?.trim() || environment.HUGGING_FACE_HUB_TOKEN?.trim();
  if (stated) return stated;
  return isTrue(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : tokenInFile(tokenPath(environment));
}

function tokenPath({ HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME }: Environment): string {
  if (HF_TOKEN_PATH) return expanded(HF_TOKEN_PATH);
  const home = HF_HOME || join(XDG_CACHE_HOME || join('~', '.cache'), 'huggingface');
  return join(expanded(home), 'token');
}

function expanded(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, () => homedir());
}

/** Undefined if the file cannot be read: public repositories need no token. */
function tokenInFile(path: string): string | undefined {
  try {
    const { size } = statSync(path);
    return size > longestTokenBytes ? undefined : readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function isTrue(value = ''): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());
}
