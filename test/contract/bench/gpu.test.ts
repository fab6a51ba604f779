import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const bench = join(__dirname, '../../../bench');
const rehearse = ['--rehearse', '--seconds', '0.02', '--python', 'no-such-python'];

test('a rehearsal checks variants, times them, and goes on without what is not there', () => {
  const args = [join(bench, 'gpu.mjs'), ...rehearse, '--devices', 'cpu,cuda'];
  const report = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(report).toMatch(/^\| cpu \| 3 \| 3 \|( [\d.]+·10\^-\d+ \|){4}/m);
  for (const what of ['encode', 'decode', 'encode by the SDK', 'gradient', 'training step']) {
    expect(report).toMatch(new RegExp(String.raw`^\| ${what} \| 4 \| [\d.]+ \|$`, 'm'));
  }
  expect(report).toContain('A rehearsal with small models');
  expect(report).toContain('- cuda: ');
  expect(report).toContain('- K=2, hidden 8, PyTorch: spawn no-such-python ENOENT');
}, 120_000);

test('a variant that a device computes wrongly is named, and one whose process was cut off is not forgotten', () => {
  const good = { claim: 'error of z', value: 1e-7, tolerance: 1e-4 };
  const results = [
    {
      ...{ kind: 'variants', column: 'webgpu', title: 'variants on webgpu', failure: 'cut off after 90 s' },
      lines: [
        { variant: 'one', errors: [good], gradient: 1e-6 },
        { variant: 'two', errors: [{ ...good, value: 0.5 }], gradient: 1e-6 },
        { variant: 'three', errors: [{ ...good, value: null }], gradient: 1e-6 },
        { variant: 'four', error: 'no kernel' },
      ],
    },
    ...[2e-7, 6e-7].map((golden) => ({ kind: 'speed', model: 0, lines: [{ version: '2.9', golden }] })),
  ];
  const program = `import { reportOf } from ${JSON.stringify(join(bench, 'gpu/report.mjs'))};
    console.log(reportOf({ machine: 'here', rehearse: false, cases: [], results: ${JSON.stringify(results)} }));`;
  const report = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(report).toContain('torch 2.9, which differs from golden.safetensors by at most 6e-7.');
  expect(report).toContain('| webgpu | 4 | 1 | not a number |');
  expect(report).toContain('- webgpu, two: error of z 0.5, at most 0.0001');
  expect(report).toContain('- webgpu, three: error of z null, at most 0.0001');
  expect(report).toContain('- webgpu, four: no kernel');
  expect(report).toContain('- variants on webgpu: cut off after 90 s');
});

describe('a part, which started a process that holds its output', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-part-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['is cut off with it', 'setInterval(() => {}, 1000);', 'cut off after 3 s'],
    ['ends without it', 'process.exit(0);', undefined],
    ['was not cut off if another killed it', "process.kill(process.pid, 'SIGKILL');", 'ended with SIGKILL'],
  ])(
    '%s',
    (_, last, failure) => {
      const script = join(folder, 'part.mjs');
      writeFileSync(
        script,
        `import { spawn } from 'node:child_process';
       import { writeSync } from 'node:fs';
       const { pid } = spawn('sleep', ['60'], { stdio: 'inherit' });
       writeSync(1, JSON.stringify({ pid }) + '\\n');
       ${last}`,
      );
      const program = `import { runPart } from ${JSON.stringify(join(bench, 'gpu/parts.mjs'))};
      const part = { script: ${JSON.stringify(pathToFileURL(script).href)}, argument: {} };
      console.log(JSON.stringify(await runPart(part, 3)));`;
      const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        timeout: 30_000, // the other process sleeps for longer
      });
      const found = JSON.parse(printed);
      expect(found).toMatchObject({ lines: [{ pid: expect.any(Number) }] });
      expect(found.failure).toBe(failure);
      const state = spawnSync('ps', ['-o', 'stat=', '-p', `${found.lines[0].pid}`], {
        encoding: 'utf8',
      }).stdout;
      expect(state.trim()).toMatch(/^Z|^$/); // gone, or killed and not yet taken leave of
    },
    40_000,
  );
});

test.each([
  [['--devices', 'gpu'], '--devices: expected some of cuda, webgpu, cpu, got gpu'],
  [['--minutes', '0'], '--minutes: expected a positive number, got 0'],
  [['--doc', join(bench, 'README.md')], 'lacks the lines'],
])('%p is refused before anything runs', (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, [join(bench, 'gpu.mjs'), ...args], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain(message);
});
