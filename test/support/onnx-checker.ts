import { execFileSync } from 'node:child_process';
import { onnxChecker, pythonWithOnnx } from './machine.js';
import { testNeeding } from './needing.js';

const script = `
import sys, onnx, onnx.shape_inference
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    # strict: shapes written in the file have to agree with those that onnx infers by itself
    onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
`;

/** Has onnx's own reference checker read files. @throws Error with its complaint. */
export function checkWithOnnx(...paths: string[]): void {
  const python = pythonWithOnnx();
  if (!python) throw new Error('no Python has the onnx package: apt-get install python3-onnx');
  execFileSync(python, ['-c', script, ...paths], { stdio: 'pipe' });
}

/** `test` where the checker is installed; elsewhere a test that is skipped. */
export const checkerTest = testNeeding(onnxChecker);
