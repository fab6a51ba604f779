import { anAbortSignal, anything, checkOptions, type Rules } from '@glow-onnx/flow/manifest';
import { loadGraphs } from './folder/load-graphs.js';
import { readManifest, readVerified } from './folder/model-folder.js';
import { type ModelSource, storeOf } from './folder/model-source.js';
import { messageOf } from './message-of.js';
import type { Host, Platform } from './platform.js';
import type { Device } from './sessions/device.js';
import { holds, type Measurement } from './sessions/golden.js';
import { type RuntimeOptions, runtimeRules } from './sessions/onnx-runtime.js';
import { openGraphs } from './sessions/open-graphs.js';
import { requireDevice } from './sessions/probe.js';
import { measureSelfTest } from './sessions/self-test.js';
import { version } from './version.js';

/** Options of `diagnose`. */
export interface DiagnoseOptions extends RuntimeOptions {
  /**
   * A model folder. Every device that works computes its golden images, also if the device has passed the self-test
   * before.
   */
  readonly model?: ModelSource;
  /** Aborts reading the model; `diagnose` then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
}

/** The errors of the golden images on a device, or why they could not be computed. */
export interface SelfTestReport {
  /** Whether every error is within its tolerance. */
  readonly passed: boolean;
  readonly measured: readonly Measurement[];
  /** Why the golden images could not be computed. */
  readonly error?: string;
}

/** The state of one device on this system. */
export interface DeviceDiagnosis {
  readonly device: Device;
  /** Whether the installed ONNX Runtime includes the device. */
  readonly bundled: boolean;
  /** Whether the device has run a small graph correctly in this program. */
  readonly works: boolean;
  /** Why the device does not work, and what to do. */
  readonly reason?: string;
  /** ONNX Runtime's package and version. */
  readonly runtime?: string;
  /** The model of the processor or GPU, where it is known. */
  readonly processor?: string;
  /** Why `auto` passes over the device although it works. */
  readonly objection?: string;
  /** The golden images of the model that was passed. */
  readonly selfTest?: SelfTestReport;
}

/** What can run models here, as plain data that can be pasted into a bug report. */
export interface Diagnosis extends Host {
  /** The version of this package. */
  readonly version: string;
  /** The cache of downloaded models. */
  readonly cache: string;
  /** In the order that `auto` tries them. */
  readonly devices: readonly DeviceDiagnosis[];
  /** The device that `auto` takes, if one works. */
  readonly auto?: Device;
}

/** Tries every device. @throws Error if `model` is given and cannot be read. */
export type Diagnose = (options?: DiagnoseOptions) => Promise<Diagnosis>;

const rules: Rules<DiagnoseOptions> = { model: anything, signal: anAbortSignal, ...runtimeRules };

/** @throws Error if `model` is given and cannot be read. */
export async function diagnoseOn(platform: Platform, given: DiagnoseOptions = {}): Promise<Diagnosis> {
  checkOptions('diagnose', given, rules);
  const { model, signal, ...options } = given;
  const host = await platform.describeHost();
  const test = model === undefined ? undefined : await readTest(platform, model, signal);
  const devices: DeviceDiagnosis[] = [];
  for (const device of platform.autoDevices) {
    const found = await tryDevice(platform, device, options);
    const selfTest = found.works && test ? await test(device, options) : undefined;
    const bundled = host.bundled.includes(device);
    devices.push({ device, bundled, ...found, ...(selfTest && { selfTest }) });
  }
  const auto = devices.find(
    ({ works, objection, selfTest }) => works && !objection && selfTest?.passed !== false,
  );
  const cache = platform.openCache().location;
  return { version, ...host, cache, devices, ...(auto && { auto: auto.device }) };
}

async function tryDevice(platform: Platform, device: Device, options: RuntimeOptions) {
  try {
    const { name, processor } = await requireDevice(platform, device, options);
    const objection = await platform.objectionTo(device);
    return {
      works: true,
      runtime: name,
      ...(processor !== undefined && { processor }),
      ...(objection !== undefined && { objection }),
    };
  } catch (error) {
    return { works: false, reason: messageOf(error) };
  }
}

/** Reads a model folder once. @returns the self-test of a device. */
async function readTest(platform: Platform, source: ModelSource, signal: AbortSignal | undefined) {
  const folder = { store: await storeOf(platform, source), sha256: platform.sha256, signal };
  const { manifest } = await readManifest(folder);
  const graphs = await loadGraphs(folder, manifest, 'fp32');
  const golden = await readVerified(folder, manifest, 'golden.safetensors');
  return async (device: Device, options: RuntimeOptions): Promise<SelfTestReport> => {
    const { encoder, decoder, release } = await openGraphs(platform, async () => graphs, {
      device,
      ...options,
    });
    try {
      const measured = await measureSelfTest(
        { manifest, precision: 'fp32', golden: async () => golden },
        {
          device,
          async run(graph, inputs) {
            const session = await (graph === 'encode' ? encoder() : decoder());
            return Promise.all(inputs.map((input) => session.run(input)));
          },
        },
      );
      return { passed: measured.every(holds), measured };
    } catch (error) {
      return { passed: false, measured: [], error: messageOf(error) };
    } finally {
      await release();
    }
  };
}
