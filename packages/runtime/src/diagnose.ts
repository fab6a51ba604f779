import { readGraphs, readManifest, readVerified } from './folder/model-folder.js';
import { type ModelSource, storeOf } from './folder/model-source.js';
import type { Host, Platform } from './platform.js';
import type { Device } from './sessions/device.js';
import { holds, type Measurement } from './sessions/golden.js';
import type { RuntimeOptions } from './sessions/onnx-runtime.js';
import { openGraphs } from './sessions/open-graphs.js';
import { requireDevice } from './sessions/probe.js';
import { measureSelfTest } from './sessions/self-test.js';
import { version } from './version.js';

export interface DiagnoseOptions extends RuntimeOptions {
  /** A model folder, whose golden images every device that works computes; nothing remembered counts. */
  readonly model?: ModelSource;
}

/** What became of the golden images on a device, or why they could not be computed. */
export interface SelfTestReport {
  readonly passed: boolean;
  readonly measured: readonly Measurement[];
  readonly error?: string;
}

export interface DeviceDiagnosis {
  readonly device: Device;
  /** Whether the ONNX Runtime that is installed brings it. */
  readonly bundled: boolean;
  /** Whether it has run a small graph rightly in this program. */
  readonly works: boolean;
  /** Why it does not work, and what to do. */
  readonly reason?: string;
  /** ONNX Runtime's package and version. */
  readonly runtime?: string;
  readonly processor?: string;
  /** Why `auto` passes over it though it works. */
  readonly objection?: string;
  readonly selfTest?: SelfTestReport;
}

/** What there is to run models on, as plain data for a report of a problem. */
export interface Diagnosis extends Host {
  readonly version: string;
  /** Where models from an address are kept. */
  readonly cache: string;
  /** In the order that `auto` tries them. */
  readonly devices: readonly DeviceDiagnosis[];
  /** What `auto` takes, if anything. */
  readonly auto?: Device;
}

/** Looks at this place and tries every device. @throws Error if there is a model to test and it cannot be read. */
export type Diagnose = (options?: DiagnoseOptions) => Promise<Diagnosis>;

export function createDiagnose(platform: Platform): Diagnose {
  return async ({ model, ...options } = {}) => {
    const host = await platform.describeHost();
    const test = model === undefined ? undefined : await readTest(platform, model);
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
  };
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

/** Reads a model folder once, for a self-test on each device. */
async function readTest(platform: Platform, source: ModelSource) {
  const folder = { store: storeOf(platform, source), sha256: platform.sha256 };
  const { manifest } = await readManifest(folder);
  const graphs = await readGraphs(folder, manifest, manifest.variants.fp32);
  const golden = await readVerified(folder, manifest, 'golden.safetensors');
  return async (device: Device, options: RuntimeOptions): Promise<SelfTestReport> => {
    const { encoder, decoder, release } = await openGraphs(platform, graphs, { device, ...options });
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
