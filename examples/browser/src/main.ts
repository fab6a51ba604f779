import { loadGlow } from '@glow-onnx/runtime';
import { createApp } from './create-app.js';
import { loadFaces } from './faces.js';
import { mountAttributes } from './tabs/attributes.js';
import { mountEncode } from './tabs/encode.js';
import { mountMorph } from './tabs/morph.js';
import { mountSample } from './tabs/sample.js';
import { mountStrangers } from './tabs/strangers.js';
import { showTabs } from './ui/tabs.js';

const byId = (id: string) => document.getElementById(id) as HTMLElement;

const { app, setModel } = createApp(await loadFaces(), byId('status'), () => {});

showTabs(byId('tabs'), byId('panels'), [
  { id: 'sample', title: 'Sample', mount: (panel) => mountSample(panel, app) },
  { id: 'encode', title: 'Encode / decode', mount: (panel) => mountEncode(panel, app) },
  { id: 'attributes', title: 'Attributes', mount: (panel) => mountAttributes(panel, app) },
  { id: 'morph', title: 'Morph', mount: (panel) => mountMorph(panel, app) },
  { id: 'strangers', title: 'Is it one of us?', mount: (panel) => mountStrangers(panel, app) },
]);

loadGlow('./model', { worker: true }).then(setModel, app.fail);
