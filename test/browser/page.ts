import * as glow from '@glow-onnx/runtime';

/** What a page of the tests loads: the package as its users import it, within reach of `run`. */
Object.assign(globalThis, { glow });
