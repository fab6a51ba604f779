import { chrischuteLayout } from './chrischute.js';
import { chaiyujinLayout, y0astLayout } from './flow-layers.js';
import type { Layout } from './layout.js';
import { normflowsLayout } from './normflows.js';
import { openaiLayout } from './openai.js';
import { ownLayout } from './own.js';
import { portLayout } from './port.js';
import { tutorialLayout } from './tutorial.js';

/** All layouts. Detection tries each of them. */
export const layouts = [
  tutorialLayout,
  portLayout,
  chaiyujinLayout,
  y0astLayout,
  openaiLayout,
  chrischuteLayout,
  normflowsLayout,
  ownLayout,
] as const satisfies readonly Layout[];

/** Names of the layouts that can be imported; docs/import.md has the programs. */
export type LayoutName = (typeof layouts)[number]['name'];
/** All layout names. */
export const layoutNames: readonly LayoutName[] = layouts.map(({ name }) => name);
