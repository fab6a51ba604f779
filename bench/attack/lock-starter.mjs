// A process that locks folders as its parent says, and answers how that went: node lock-starter.mjs LOCK_MODULE.
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const { lockRun } = await import(pathToFileURL(process.argv[2]).href);
let unlock;
process.on('message', async ({ folder, waitMs, end }) => {
  if (end) {
    await unlock?.();
    unlock = undefined;
    process.send({ kind: 'unlocked' });
    return;
  }
  await setTimeout(waitMs);
  try {
    unlock = await lockRun(folder);
    process.send({ kind: 'held' });
  } catch (error) {
    process.send({ kind: / is in use: /.test(error.message) ? 'refused' : 'crash', message: error.message });
  }
});
process.send({ kind: 'started' });
