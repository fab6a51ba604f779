import type { GlowModel } from '@glow-onnx/runtime';
import { createApp, type Shell } from './create-app.js';
import { devicePanel } from './device-panel.js';
import { mountHero } from './hero.js';
import { createMachine, type Place } from './machine.js';
import { type Companion, readCompanion } from './model/companion.js';
import { findModel, type ModelFolder, readFromFiles } from './model/model-folder.js';
import { type ReadFile, readFromServer, readJson } from './model/read-file.js';
import { mountModelBar } from './model-bar.js';
import { setUpOffline } from './offline.js';
import { setUpOpening } from './opening.js';
import { reasonOf } from './reason-of.js';
import { tellUnknownTab } from './share/shareable.js';
import { mountShelf } from './shelf.js';
import { mountAttributes } from './tabs/attributes.js';
import { mountEncode } from './tabs/encode.js';
import { mountMorph } from './tabs/morph.js';
import { mountPicture } from './tabs/picture.js';
import { mountRestore } from './tabs/restore.js';
import { mountSample } from './tabs/sample.js';
import { mountStrangers } from './tabs/strangers.js';
import { mountTrain } from './tabs/train.js';
import { setUpTheme } from './theme.js';
import { receive } from './ui/receive.js';
import { showTabs } from './ui/tabs.js';

interface ModelPlace extends Place {
  readonly read: ReadFile;
}

const byId = <Tag extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as Tag;
const form = byId<HTMLFormElement>('machine');
const stage = { claim: byId('claim'), stage: byId('stage') };
const home: ModelPlace = { name: 'faces', source: './model', read: readFromServer('model') };

/** What a canvas can show: grey or colour, with alpha or without it. More pixels take too long for sliders. */
const most = { channels: 4, side: 512 };

setUpTheme(byId('theme'));
const shrinkOpening = setUpOpening(byId<HTMLButtonElement>('fold'), byId('tabs'));
const say = (text: string) => {
  byId('status').textContent = text;
};
const fail = (error: unknown) => say(reasonOf(error));

/** The model on the page. */
let shown: { readonly place: ModelPlace; readonly shell: Shell } | undefined;
const app = () => (shown as NonNullable<typeof shown>).shell.app;

const bar = mountModelBar(form, {
  onFolder: open,
  onHome: () => openPlace(home),
  onClass: (label) => shown?.shell.setClass(label),
  onError: fail,
});
const panel = devicePanel(form);
const tabs = showTabs(byId('tabs'), byId('panels'), {
  onUse() {
    shrinkOpening();
    say('');
  },
  tabs: [
    { id: 'picture', title: 'Your picture', mount: (panel) => mountPicture(panel, app()) },
    { id: 'sample', title: 'Sample', mount: (panel) => mountSample(panel, app()) },
    { id: 'encode', title: 'Encode / decode', mount: (panel) => mountEncode(panel, app()) },
    { id: 'attributes', title: 'Attributes', mount: (panel) => mountAttributes(panel, app()) },
    { id: 'morph', title: 'Morph', mount: (panel) => mountMorph(panel, app()) },
    { id: 'restore', title: 'Restore', mount: (panel) => mountRestore(panel, app()) },
    { id: 'strangers', title: 'Is it typical?', mount: (panel) => mountStrangers(panel, app()) },
    { id: 'train', title: 'Train your own', mount: (panel) => mountTrain(panel, app()) },
  ],
});
byId('panels').addEventListener('input', () => say(''), { capture: true }); // what was said is old now
receive({
  onPicture: (file) => shown?.shell.app.take(file, file.name),
  onFiles: (files) => open(findModel(files)),
  fail,
});

/** Puts a model on the page, in place of the one before. */
function present(place: ModelPlace, config: GlowModel['config'], companion: Companion): void {
  shown?.shell.end();
  const shell = createApp(config, companion, {
    ...{ isHome: place === home, open, say, goTo: (tab) => tabs.go(tab) },
    ...{ given: shown?.shell.given, onTime: panel.showTime },
  });
  shown = { place, shell };
  bar.show(place.name, config, place === home ? undefined : home.name);
  mountHero(stage, shell.app);
  mountShelf(byId('shelf'), shell.app);
  tabs.mount();
}

async function open({ name, files }: ModelFolder): Promise<void> {
  await openPlace({ name, source: files, read: readFromFiles(files) });
}

async function openPlace(place: ModelPlace): Promise<void> {
  say(`Opening ${place.name} …`);
  try {
    await (await machine).open(place);
  } catch (error) {
    say(`${place.name} cannot be opened: ${reasonOf(error)}`);
  }
}

/** @throws RangeError if the page cannot show images of this size. */
function checkDrawable({ channels, height, width }: GlowModel['config']): void {
  if (channels > most.channels) {
    throw new RangeError(`its images have ${channels} channels, but this page shows 1 to ${most.channels}`);
  }
  if (Math.max(height, width) > most.side) {
    throw new RangeError(
      `its images have ${width}×${height} pixels, but this page shows up to ${most.side}×${most.side}`,
    );
  }
}

/** Shows what is known before the model is loaded. */
async function presentEarly(): Promise<void> {
  const config = await readJson(
    home.read,
    'config.json',
    (fields) => fields as unknown as GlowModel['config'],
  );
  const companion = await readCompanion(home.read);
  if (config && companion) present(home, config, companion);
}

async function start() {
  await presentEarly().catch(fail);
  tellUnknownTab(tabs.ids, say);
  await setUpOffline();
  return createMachine(panel, {
    first: home,
    onProgress: (loaded, total) => shown?.shell.showProgress(loaded, total),
    async onModel(model, place, signal) {
      checkDrawable(model.config);
      if (shown?.place !== place) {
        const companion = (await readCompanion(place.read, model)) as Companion;
        signal.throwIfAborted();
        present(place, model.config, companion);
        say(`${place.name} is open.`);
      }
      shown?.shell.setModel(model);
      bar.showClasses(model);
    },
  });
}
const machine = start();
