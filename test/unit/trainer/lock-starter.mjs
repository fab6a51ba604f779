// Locks folders as told by its parent, and answers `held` or why it may not.
import { lockRun } from '../../../packages/trainer/dist/folder/run-lock.js';

let unlock;
process.on('message', async ({ lock }) => {
  if (lock === undefined) {
    await unlock?.();
    unlock = undefined;
    return process.send('done');
  }
  try {
    unlock = await lockRun(lock);
    process.send('held');
  } catch (error) {
    process.send(error.message);
  }
});
process.send('started');
