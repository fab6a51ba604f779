import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Something that tests use, that npm does not install, and that not every machine has. */
export interface Need {
  /** The Debian package that brings it, or `npm:` and the script of this repository that installs it. */
  readonly package: string;
  isHere(): boolean;
}

/** The browser of the tests; `CHROMIUM` names another one. */
export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const chromium: Need = { package: 'chromium', isHere: () => existsSync(chromiumPath) };

/** SwiftShader, a Vulkan driver that needs no GPU, comes with Debian's chromium. */
export const vulkanDriver: Need = { package: 'chromium', isHere: () => vulkanDriverFile() !== undefined };

/** WebGPU in Node (ONNX Runtime's and Dawn's) opens this library. Chromium has a copy of its own. */
export const vulkanLoader: Need = { package: 'libvulkan1', isHere: once(() => canOpen('libvulkan.so.1')) };

/** Open MPI: its library, and the command that starts ranks. */
export const openMpi: Need = { package: 'openmpi-bin', isHere: once(() => starts('mpirun', '--version')) };

/** A server of queues. */
export const redis: Need = {
  package: 'redis-server',
  isHere: once(() => starts('redis-server', '--version')),
};

/** ONNX's own checker. */
export const onnxChecker: Need = { package: 'python3-onnx', isHere: () => pythonWithOnnx() !== undefined };

/** Python with onnxruntime, for programs that use a model folder without our packages. */
export const pythonOnnxRuntime: Need = {
  package: 'npm:python-packages',
  isHere: () => existsSync(pythonPath),
};

/** The Python of `npm run python-packages`. */
export const pythonPath = resolve(__dirname, '../../out/python/bin/python');

/** Images of clothes: 10,000 of them are for tests. */
export const fashionMnistPath = '/usr/share/datasets/fashion-mnist';

export const fashionMnist: Need = {
  package: 'dataset-fashion-mnist',
  isHere: () => existsSync(fashionMnistPath),
};

/** A client of the Open Inference Protocol, and the messages of Triton's configuration. */
export const tritonClient: Need = {
  package: 'npm:python-packages',
  isHere: once(() => canImport(pythonPath, 'tritonclient.http, tritonclient.grpc')),
};

/** The Python of `npm run ray-packages`, which has what examples/ray needs. */
export const rayPython = resolve(__dirname, '../../out/ray/bin/python');

/** Ray, which hands out work to processes and machines. */
export const ray: Need = {
  package: 'npm:ray-packages',
  isHere: once(() => canImport(rayPython, 'ray.data, onnxruntime, safetensors')),
};

/** The file that describes SwiftShader, or the driver that the environment names. */
export const vulkanDriverFile = once((): string | undefined => {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named && existsSync(named)) return named;
  try {
    const files = execFileSync('dpkg', ['-L', 'chromium', 'chromium-common'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return files.split('\n').find((path) => path.endsWith('/vk_swiftshader_icd.json') && existsSync(path));
  } catch {
    return undefined; // this system has no dpkg, or the package is not installed
  }
});

/** Debian's own Python, which has Debian's packages, or else the first on PATH. */
export const pythonWithOnnx = once((): string | undefined =>
  ['/usr/bin/python3', 'python3'].find((command) => canImport(command, 'onnx')),
);

function canImport(python: string, modules: string): boolean {
  try {
    execFileSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether the system's loader finds a library, as it will for the program that needs it. */
function canOpen(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    // Node says so of a library that it has opened and that is no addon.
    return String(error).includes('did not self-register');
  }
}

function starts(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}
