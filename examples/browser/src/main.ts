import { createApp } from './create-app.js';
import { loadFaces } from './faces.js';
import { mountHero } from './hero.js';
import { mountMachine } from './machine.js';
import { setUpOffline } from './offline.js';
import { mountShelf } from './shelf.js';
import { mountAttributes } from './tabs/attributes.js';
import { mountEncode } from './tabs/encode.js';
import { mountMorph } from './tabs/morph.js';
import { mountSample } from './tabs/sample.js';
import { mountStrangers } from './tabs/strangers.js';
import { mountTrain } from './tabs/train.js';
import { setUpTheme } from './theme.js';
import { refuseDrops } from './ui/drag.js';
import { showTabs } from './ui/tabs.js';

const byId = (id: string) => document.getElementById(id) as HTMLElement;

setUpTheme(byId('theme'));
refuseDrops();
let showTime = (_: number): void => {};
const { app, setModel } = createApp(await loadFaces(), byId('status'), (ms) => showTime(ms));

mountHero(byId('stage'), app);
mountShelf(byId('shelf'), app);
showTabs(byId('tabs'), byId('panels'), [
  { id: 'sample', title: 'Sample', mount: (panel) => mountSample(panel, app) },
  { id: 'encode', title: 'Encode / decode', mount: (panel) => mountEncode(panel, app) },
  { id: 'attributes', title: 'Attributes', mount: (panel) => mountAttributes(panel, app) },
  { id: 'morph', title: 'Morph', mount: (panel) => mountMorph(panel, app) },
  { id: 'strangers', title: 'Is it typical?', mount: (panel) => mountStrangers(panel, app) },
  { id: 'train', title: 'Train your own', mount: (panel) => mountTrain(panel, app) },
]);

await setUpOffline();
showTime = mountMachine(byId('machine') as HTMLFormElement, setModel);
