import * as glow from '@glow-onnx/runtime';
import * as cache from '@glow-onnx/runtime/cache';
import { browserCodec } from '../../packages/runtime/src/browser/images.js';

/** What a page of the tests loads: the package as its users import it, within reach of `run`, and some of its inside. */
Object.assign(globalThis, { glow: { ...glow, ...cache }, browserCodec });
