import { execFileSync } from 'node:child_process';

/** Debian's own Python, where `apt-get install python3-onnx` puts the package, then whichever is first on PATH. */
const candidates = ['/usr/bin/python3', 'python3'];

const python = candidates.find((command) => {
  try {
    execFileSync(command, ['-c', 'import onnx'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

/** Why the independent checker cannot run here; undefined where it can. */
export const checkerMissing = python
  ? undefined
  : 'no Python with the onnx package: apt-get install python3-onnx';

const script = `
import sys, onnx, onnx.shape_inference
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    # strict: shapes written in the file have to agree with those that onnx infers by itself
    onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
`;

/** Has onnx's own reference checker read files. @throws Error with its complaint. */
export function checkWithOnnx(...paths: string[]): void {
  if (!python) throw new Error(checkerMissing);
  execFileSync(python, ['-c', script, ...paths], { stdio: 'pipe' });
}

/** `test` where the checker is there; else a test that is skipped, with the reason in its name and on the console. */
export function checkerTest(name: string, run: () => void): void {
  if (!checkerMissing) {
    test(name, run);
    return;
  }
  console.warn(`skipped: ${name} (${checkerMissing})`);
  test.skip(`${name} (${checkerMissing})`, run);
}
