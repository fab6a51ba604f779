import {
  checkOptions,
  integerFrom,
  oneOf,
  type Precision,
  precisions,
  type Rules,
} from '@glow-onnx/flow/manifest';
import { devices } from '@glow-onnx/runtime/internal';
import type { Device } from '@glow-onnx/runtime/node';

/** Levels of the log, the most talkative first. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Limits of what a client may ask for. */
export interface Limits {
  /** The most bytes of a request's body, and of latents as JSON; default 8 MiB. Beyond it: 413. */
  readonly maxBodyBytes: number;
  /**
   * The most values and names of JSON in a request, and the most numbers as JSON in an answer of the protocol; default 2¹⁸. Binary
   * tensors and base64 do not count. The server reads and writes JSON in one go, so it answers nobody else meanwhile.
   * Beyond it: 413.
   */
  readonly maxJsonValues: number;
  /**
   * The most pixels of one image; default 2²⁰, one megapixel. If it is left out, the work on one picture is also at most
   * that of 64 images of the size of the training images. Beyond it: 413.
   */
  readonly maxPixels: number;
  /** The most images of a request, and of a run of the model; default 64. Beyond it: 413. */
  readonly maxBatch: number;
  /** The most requests under way: those that arrive, wait or run; default 256. Beyond it: 429. */
  readonly maxRequests: number;
  /** The longest time in ms to receive a request, and then to answer it; default 30,000. Beyond it: 408, 503. */
  readonly timeoutMs: number;
}

/** Options of `createServer`. */
export interface ServeOptions extends Partial<Limits> {
  /** The device that runs the models; default: the best that works here. */
  readonly device?: Device;
  /** Default `fp32`. */
  readonly precision?: Precision;
  /** The processes of each model; default 1. */
  readonly workers?: number;
  /** The threads of each process; default: the cores divided by the processes. */
  readonly threads?: number;
  /** The longest time in ms that a request waits for others while a process is idle; default 0. */
  readonly maxWaitMs?: number;
  /**
   * The time in ms in which a server that closes still takes requests, while it says that it is not ready; default 500.
   * Requests that are on their way when it begins to close arrive in it.
   */
  readonly drainMs?: number;
  /** The secret that clients send as `Authorization: Bearer`. Default: requests need none. */
  readonly token?: string;
  /** The origin of pages that may read answers, such as `https://example.org`. Default: no page may (no CORS). */
  readonly corsOrigin?: string;
  /** What to log, as lines of JSON on stderr; default `silent`. */
  readonly logLevel?: LogLevel;
}

export const defaultLimits: Limits = {
  maxBodyBytes: 2 ** 23,
  maxJsonValues: 2 ** 18,
  maxPixels: 2 ** 20,
  maxBatch: 64,
  maxRequests: 256,
  timeoutMs: 30_000,
};

/** The most work on one picture by default, in passes over images of the size of the training images. */
export const defaultWork = 64;

const positive = integerFrom(1);
/** Node's longest timer. */
export const longestTimerMs = 2 ** 31 - 1;
const milliseconds = (least: number) => ({
  expected: `an integer from ${least} to ${longestTimerMs}, in ms`,
  type: 'number',
  holds: (value: unknown) => integerFrom(least).holds(value) && (value as number) <= longestTimerMs,
});

export const serveRules: Rules<ServeOptions> = {
  ...{ maxBodyBytes: positive, maxJsonValues: positive, maxPixels: positive },
  ...{ maxBatch: positive, maxRequests: positive },
  ...{
    timeoutMs: milliseconds(1),
    maxWaitMs: milliseconds(0),
    drainMs: milliseconds(0),
    workers: positive,
    threads: positive,
  },
  device: oneOf(devices),
  precision: oneOf(precisions),
  token: {
    expected: 'a text of at least 16 visible ASCII characters',
    type: 'string',
    holds: (value) => typeof value === 'string' && /^[\x21-\x7e]{16,}$/.test(value),
  },
  corsOrigin: {
    expected: 'an origin such as https://example.org',
    type: 'string',
    holds: (value) => typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value,
  },
  logLevel: oneOf(logLevels),
};

/** @throws TypeError or RangeError that names the option. A token is never shown. */
export function checkServeOptions(options: ServeOptions): void {
  const { token, ...others } = options;
  checkOptions('createServer', others, serveRules);
  if (token === undefined || serveRules.token.holds(token)) return;
  throw new RangeError(`createServer: token must be ${serveRules.token.expected}`);
}
