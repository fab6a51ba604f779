import { precisions } from '@glow-onnx/flow/internal';
import { encodeModel } from '@glow-onnx/graph';
import { checkGraph } from '../../../packages/runtime/src/graphs/check-graph.js';
import { exported } from '../../support/exported-graphs.js';
import { variants } from '../../support/variants.js';

const producer = { name: 'test', version: '1' };

describe('the graphs that glow-export writes', () => {
  test.each(variants)('pass in every precision: $name', ({ config }) => {
    for (const precision of precisions) {
      const { encodeGraph, decodeGraph } = exported(config, 1, undefined, precision);
      for (const [kind, graph] of [
        ['encode', encodeGraph],
        ['decode', decodeGraph],
      ] as const) {
        const metadata = { precision };
        const bytes = encodeModel(graph, { producer, metadata });
        const checked = checkGraph(bytes, { kind, config, precision }, kind);
        expect(Object.keys(checked.signature.inputs)).toEqual(graph.inputs.map(({ name }) => name));
        expect([...checked.metadata]).toEqual(Object.entries(metadata));
      }
    }
  });
});
