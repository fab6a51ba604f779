import type { Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { KeyValueCache } from '../folder/key-value-cache.js';
import type { Device } from './device.js';
import { DeviceError } from './device-error.js';
import {
  checkGoldenSize,
  type GoldenRequest,
  holds,
  type Measurement,
  measureGolden,
  parseGolden,
} from './golden.js';
import type { OnnxRuntime } from './onnx-runtime.js';

/** The model folder whose golden images are compared, and the cache that remembers passed tests. */
export interface SelfTest {
  readonly manifest: Pick<Manifest, 'config' | 'toleranceFactor' | 'roundingError'>;
  /** The sha256 of manifest.json. The manifest lists the sha256 of every file, so only the same model has it. */
  readonly fingerprint: string;
  readonly precision: Precision;
  /** Reads and verifies golden.safetensors. Called only if the test runs. */
  golden(): Promise<Uint8Array>;
  readonly cache: KeyValueCache;
}

/**
 * How a model's device was tested: `passed` now, `remembered` from an earlier load, or `none` because the self-test
 * was switched off or the folder has no golden images.
 */
export type SelfTestOutcome = 'passed' | 'remembered' | 'none';

/** The device that is tested, and how it runs a graph. */
export type SelfTestRun = Pick<GoldenRequest, 'run'> & {
  readonly device: Device;
  readonly runtime: OnnxRuntime;
};

/**
 * Makes a device that has not run this model before compute its golden images.
 * @throws DeviceError if the device computes them wrongly; Error if they cannot be read or run.
 */
export async function runSelfTest(test: SelfTest, place: SelfTestRun): Promise<'passed' | 'remembered'> {
  const key = memoryKey(test, place);
  if (key !== undefined && tellsOfPass(await test.cache.read(key))) return 'remembered';
  const measured = await measureSelfTest(test, place);
  const wrong = measured.filter((one) => !holds(one));
  if (wrong.length > 0) throw refusal(place.device, wrong);
  if (key !== undefined) await test.cache.write(key, measured);
  return 'passed';
}

/** Whether a note holds errors that are all within their tolerances. */
function tellsOfPass(note: unknown): boolean {
  return Array.isArray(note) && note.length > 0 && note.every((one) => isMeasurement(one) && holds(one));
}

function isMeasurement(one: Partial<Measurement> | null): one is Measurement {
  return typeof one?.claim === 'string' && typeof one.value === 'number' && typeof one.tolerance === 'number';
}

/** The errors of both graphs on the golden images. */
export async function measureSelfTest(
  { manifest, precision, golden }: Pick<SelfTest, 'manifest' | 'precision' | 'golden'>,
  { device, run }: Pick<SelfTestRun, 'device' | 'run'>,
): Promise<Measurement[]> {
  const values = parseGolden(await golden());
  checkGoldenSize(values, manifest.config);
  return measureGolden({
    golden: values,
    config: manifest.config,
    precision,
    device,
    slack: manifest.toleranceFactor ?? 1,
    roundingError: manifest.roundingError,
    run,
  });
}

/** Undefined if the processor is not known. Such a device is tested each time, since the processor may change. */
function memoryKey({ fingerprint, precision }: SelfTest, { device, runtime }: SelfTestRun) {
  const { name, processor } = runtime;
  return processor && `self-test ${[fingerprint, precision, device, name, processor].join(' ')}`;
}

function refusal(device: Device, wrong: readonly Measurement[]): DeviceError {
  const errors = wrong.map(({ claim, value, tolerance }) => `${claim} is ${value}, allowed ${tolerance}`);
  return new DeviceError(
    device,
    'self-test',
    `self-test: device "${device}" computes this model's golden images wrongly (${errors.join('; ')}); ` +
      'pass another device; if all are refused, the model folder is damaged: export or copy it again',
  );
}
