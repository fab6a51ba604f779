import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import ts from 'typescript';
import { pythonPath } from './machine.js';
import type { Snippet } from './snippets.js';

/** What a snippet prints. @throws Error with what it said if it fails, or if a program writes to stderr. */
export function runInNode({ language, line, text }: Snippet, folder: string): string {
  switch (language) {
    case 'sh':
      return output('bash', ['-e', '-c', text], folder).stdout;
    case 'python':
      return output(pythonPath, ['-c', text], folder).stdout;
    case 'js':
    case 'ts': {
      if (language === 'ts') checkTypes(join(folder, `line-${line}.ts`), text);
      const program = join(folder, `line-${line}.mjs`);
      writeFileSync(
        program,
        language === 'ts' ? transformSync(text, { loader: 'ts', target: 'es2022' }).code : text,
      );
      const { stdout, stderr } = output(process.execPath, [program], folder);
      if (stderr !== '') throw new Error(`it writes to stderr: ${stderr}`);
      return stdout;
    }
    default:
      throw new Error(`no rule for running ${language}`);
  }
}

function output(command: string, args: readonly string[], cwd: string): { stdout: string; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`exit code ${status}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

/** @throws Error with what the compiler says about it in a strict project. */
function checkTypes(path: string, text: string): void {
  writeFileSync(path, text);
  const program = ts.createProgram([path], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['node'],
  });
  const diagnostics = ts.getPreEmitDiagnostics(program);
  const messages = diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  if (messages.length > 0) throw new Error(messages.join('\n'));
}
