import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createGlow, encodeCheckpoint } from '@glow-onnx/flow';
import { openSession } from '@glow-onnx/runtime/session';
import { glowExport as run } from '../../support/glow-export.js';
import { pythonPath, tritonClient } from '../../support/machine.js';
import { testNeeding } from '../../support/needing.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { checkpoint, temporaryFolder } from './fixture.js';

/** `--triton`, against the messages of NVIDIA's own client. Triton itself never ran it. */
const at = temporaryFolder();

function save(): string {
  writeFileSync(at('best.safetensors'), encodeCheckpoint(checkpoint));
  return at('best.safetensors');
}

test('--triton adds two models whose graphs find their weights where Triton puts them', async () => {
  const { code, out, err } = await run(save(), '--out', at('tiny'), '--triton', at('repository'));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/added tiny-encode and tiny-decode to .*repository\n$/);
  expect(readdirSync(at('repository')).sort()).toEqual(['tiny-decode', 'tiny-encode']);
  for (const graph of ['encode', 'decode']) {
    const version = at(`repository/tiny-${graph}/1`);
    expect(readdirSync(version).sort()).toEqual([`${graph}.onnx`, 'weights.bin']);
    const session = await openSession({
      model: new Uint8Array(readFileSync(`${version}/${graph}.onnx`)),
      externalData: [{ path: 'weights.bin', data: new Uint8Array(readFileSync(`${version}/weights.bin`)) }],
      device: 'cpu',
    });
    await session.release();
  }
});

test('a model of the repository is never replaced, and nothing is exported then', async () => {
  mkdirSync(at('repository/tiny-decode'), { recursive: true });
  writeFileSync(at('repository/tiny-decode/mine'), '');
  const { code, err } = await run(save(), '--out', at('tiny'), '--triton', at('repository'), '--force');
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(
      /--triton .*repository has a model tiny-decode; remove it, or pass another folder\n$/,
    ),
  });
  expect(existsSync(at('tiny'))).toBe(false);
  expect(readdirSync(at('repository'))).toEqual(['tiny-decode']);
});

testNeeding(tritonClient)('the configurations are what the messages of Triton hold', async () => {
  const config = tinyConfig({ classes: 3, prior: 'learned', topPrior: 'channel' });
  const conditional = { config, params: randomParams(createGlow(config), 1), initialised: true };
  writeFileSync(at('classes.safetensors'), encodeCheckpoint(conditional));
  const { code } = await run(at('classes.safetensors'), '--out', at('my wörk'), '--triton', at('repository'));
  expect(code).toBe(0);
  const script = `
import json, sys
from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2
for path in sys.argv[1:]:
    parsed = text_format.Parse(open(path, encoding="utf-8").read(), model_config_pb2.ModelConfig())
    print(json.dumps(json_format.MessageToDict(parsed, preserving_proto_field_name=True)))
`;
  const paths = ['encode', 'decode'].map((graph) => at(`repository/my wörk-${graph}/config.pbtxt`));
  const printed = execFileSync(pythonPath, ['-c', script, ...paths], { encoding: 'utf8' });
  const [encode, decode] = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const tensor = (name: string, ...dims: string[]) => ({ name, data_type: 'TYPE_FP32', dims });
  const [x, label] = [tensor('x', '3', '-1', '-1'), tensor('label', '3', '1', '1')];
  const z = [tensor('z0', '6', '-1', '-1'), tensor('z1', '24', '-1', '-1')];
  expect(encode).toEqual({
    ...{ name: 'my wörk-encode', backend: 'onnxruntime', default_model_filename: 'encode.onnx' },
    ...{ max_batch_size: 64, dynamic_batching: {}, input: [x, label] },
    output: [...z, { ...tensor('log_prob', '1'), reshape: {} }, tensor('log_prob_levels', '2')],
  });
  expect(decode).toMatchObject({ name: 'my wörk-decode', input: [...z, label], output: [x] });
});
