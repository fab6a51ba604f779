import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export const models = join(__dirname, '../../../models');

/** What an expression over a module `m` of models is, such as 'pixel-faces/edits.mjs'; Jest itself cannot import those. */
export function evaluate(module: string, expression: string): unknown {
  const program = `import * as m from ${JSON.stringify(join(models, module))};
    console.log(JSON.stringify(${expression}));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
  );
}
