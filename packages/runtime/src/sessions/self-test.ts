import type { Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { KeyValueCache } from '../folder/key-value-cache.js';
import type { Device } from './device.js';
import { DeviceError } from './device-error.js';
import { type GoldenRequest, holds, type Measurement, measureGolden, parseGolden } from './golden.js';
import type { OnnxRuntime } from './onnx-runtime.js';

/** What the golden images of a model folder are compared with, and where a pass is remembered. */
export interface SelfTest {
  readonly manifest: Pick<Manifest, 'config' | 'toleranceFactor'>;
  /** sha256 of manifest.json, which names every file's own: the same for the same model alone. */
  readonly fingerprint: string;
  readonly precision: Precision;
  /** Reads golden.safetensors, verified; asked for only where the test runs. */
  golden(): Promise<Uint8Array>;
  readonly cache: KeyValueCache;
}

/**
 * How a model's device was tested: `passed` now, `remembered` from an earlier load, or `none`, because it was
 * switched off or the folder has no golden images.
 */
export type SelfTestOutcome = 'passed' | 'remembered' | 'none';

/** Where the test runs, and how. */
export type SelfTestRun = Pick<GoldenRequest, 'run'> & {
  readonly device: Device;
  readonly runtime: OnnxRuntime;
};

/**
 * Lets a device that is new to a model compute the golden images first.
 * @throws DeviceError if it computes them wrongly; Error if they cannot be read or run.
 */
export async function runSelfTest(test: SelfTest, place: SelfTestRun): Promise<'passed' | 'remembered'> {
  const key = memoryKey(test, place);
  if (key !== undefined && (await test.cache.read(key))) return 'remembered';
  const measured = await measureSelfTest(test, place);
  const wrong = measured.filter((one) => !holds(one));
  if (wrong.length > 0) throw refusal(place.device, wrong);
  if (key !== undefined) await test.cache.write(key, new TextEncoder().encode(JSON.stringify(measured)));
  return 'passed';
}

/** Errors of both graphs on the golden images. */
export async function measureSelfTest(
  { manifest, precision, golden }: Pick<SelfTest, 'manifest' | 'precision' | 'golden'>,
  { device, run }: Pick<SelfTestRun, 'device' | 'run'>,
): Promise<Measurement[]> {
  return measureGolden({
    golden: parseGolden(await golden()),
    levels: manifest.config.levels,
    precision,
    device,
    slack: manifest.toleranceFactor ?? 1,
    run,
  });
}

/** Undefined where the processor cannot be named: it is tested each time, since it may be another one. */
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
