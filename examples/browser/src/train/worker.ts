import type { News, Order } from './messages.js';
import { planFor } from './plan.js';
import { openTraining, type Snapshot } from './training.js';

/** Samples that the page shows. */
const count = 18;
/** Steps run for so long before orders are read. */
const turnMs = 50;
const progressMs = 500;
/** The time between two looks: at least this, and so many times as long as a look takes. */
const lookMs = 4000;
const lookShare = 5;

const tell = (news: News) => postMessage(news);
/** Lets messages come in. */
const breathe = () => new Promise<void>((resolve) => setTimeout(resolve));

const orders: Order[] = [];
let wake = () => {};
addEventListener('message', ({ data }: MessageEvent<Order>) => {
  orders.push(data);
  wake();
});

/** Trains one model: an order `open` comes first. Orders are done between steps, one after the other. */
async function work(): Promise<never> {
  const first = await nextOrder();
  if (first.type !== 'open') throw new Error(`expected the order open first, got ${first.type}`);
  let { choice } = first;
  const { pictures, side, mirror } = first;
  const training = await openTraining(pictures, planFor(pictures.length, side), { mirror });
  const { device, parameters, heldOut, batch } = training;
  tell({ type: 'opened', device, parameters, heldOut, training: training.training });

  let snapshot: Snapshot;
  let [step, seconds, lookAt, running] = [0, 0, 0, true];
  let told = { step: 0, seconds: 0, at: performance.now(), losses: [] as number[] };
  await look();
  for (;;) {
    await breathe();
    if (orders.length > 0 || !running) await obey(await nextOrder());
    else await turn();
  }

  async function obey(order: Order): Promise<void> {
    switch (order.type) {
      case 'go':
        running = true;
        return;
      case 'pause':
        running = false;
        if (snapshot.step < step) await look();
        return tell({ type: 'paused' });
      case 'sample':
        choice = order.choice;
        return draw();
      case 'save':
        return tell({ type: 'saved', files: snapshot.files, checkpoint: snapshot.checkpoint });
      case 'open':
        throw new Error('this worker trains a model already');
    }
  }

  async function turn(): Promise<void> {
    const start = performance.now();
    do {
      told.losses.push(await training.step());
      step++;
    } while (performance.now() - start < turnMs);
    seconds += (performance.now() - start) / 1000;
    if (performance.now() - told.at > progressMs) progress();
    if (performance.now() > lookAt) await look();
  }

  function progress(): void {
    const { losses } = told;
    const bitsPerDim = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const imagesPerSecond = (batch * (step - told.step)) / (seconds - told.seconds);
    tell({ type: 'progress', step, seconds, imagesPerSecond, bitsPerDim });
    told = { step, seconds, at: performance.now(), losses: [] };
  }

  async function look(): Promise<void> {
    const start = performance.now();
    if (told.losses.length > 0) progress();
    snapshot = await training.snapshot();
    tell({ type: 'look', step, heldOut: snapshot.heldOut });
    await draw();
    const took = performance.now() - start;
    lookAt = performance.now() + Math.max(lookMs, lookShare * took);
    told.at = performance.now();
  }

  async function draw(): Promise<void> {
    tell({ type: 'samples', images: await snapshot.sample(count, choice) });
  }
}

async function nextOrder(): Promise<Order> {
  while (orders.length === 0) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  return orders.shift() as Order;
}

work().catch((error: unknown) => {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
});
