import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../app-context.js';
import { checkCount, checkJsonNumbers, checkPixels } from '../check-limits.js';
import { formatInferResponse } from '../protocol/format-response.js';
import { parseInferRequest } from '../protocol/parse-request.js';
import { stack, type TensorMetadata, unstack } from '../protocol/tensor.js';
import { findProtocolModels, type ModelPath } from '../served-models.js';
import { runWork } from './run-work.js';
import { bytes, failures, modelParams, ok, pathsOf, tensorList, unknownModel } from './schemas.js';

/** The models of the Open Inference Protocol v2: ready, metadata, infer. */
export function addInferRoutes(app: FastifyInstance, context: AppContext): void {
  const models = findProtocolModels(context.served);
  const tags = ['open inference protocol'];
  const json = { type: 'object' };
  for (const path of pathsOf('/v2/models', '')) {
    app.get<{ Params: ModelPath }>(path, {
      schema: {
        ...{ summary: 'Inputs and outputs of a model', tags, params: modelParams(path) },
        response: { ...ok('metadata', 'application/json', json), ...unknownModel },
      },
      handler: async ({ params }) => {
        const { name, inputs, outputs } = models.find(params);
        return { name, versions: models.versionsOf(name), platform: 'onnxruntime_onnx', inputs, outputs };
      },
    });
  }
  for (const path of pathsOf('/v2/models', '/ready')) {
    app.get<{ Params: ModelPath }>(path, {
      ...{ config: { watches: true }, logLevel: 'warn' },
      schema: {
        ...{ summary: 'Whether a model takes requests', tags, params: modelParams(path) },
        response: { ...ok('it does', 'application/json', json), ...unknownModel },
      },
      handler: async ({ params }, reply) => {
        const { name } = models.find(params);
        return reply.code(context.isReady() ? 200 : 503).send({ name, ready: context.isReady() });
      },
    });
  }
  for (const path of pathsOf('/v2/models', '/infer')) {
    app.post<{ Params: ModelPath; Body: Buffer | undefined }>(path, {
      schema: {
        ...{ summary: 'Run a model on tensors', tags, params: modelParams(path) },
        description:
          'JSON, or JSON followed by the bytes of binary tensors. Then Inference-Header-Content-Length gives the length of the JSON.',
        body: {
          content: {
            'application/json': {
              schema: {
                ...{ type: 'object', required: ['inputs'] },
                properties: {
                  id: { type: 'string' },
                  inputs: tensorList('the inputs of the model'),
                  outputs: { type: 'array', items: { type: 'object' }, description: 'default: all' },
                  parameters: { type: 'object', properties: { binary_data_output: { type: 'boolean' } } },
                },
              },
            },
            'application/octet-stream': { schema: bytes },
          },
        },
        response: {
          ...ok('the outputs', 'application/json', {
            type: 'object',
            properties: {
              ...{
                model_name: { type: 'string' },
                model_version: { type: 'string' },
                id: { type: 'string' },
              },
              outputs: tensorList('the outputs that were asked for'),
            },
          }),
          ...failures,
        },
      },
      handler: async (request, reply) => {
        const model = models.find(request.params);
        const { name, served, work } = model;
        request.about = { model: `${served.name}:${served.version}`, call: work.key };
        const headerLength = request.headers['inference-header-content-length'];
        const asked = parseInferRequest(
          request.body ?? Buffer.alloc(0),
          headerLength?.toString(),
          model,
          context.limits,
        );
        checkCount(context.limits, asked.count);
        const size = model.sizeOf(asked.inputs);
        checkPixels(context.limits, size);
        const inJson = new Set(asked.outputs.filter(({ binary }) => !binary).map(({ name }) => name));
        const numbers = model
          .outputSizes(asked.count, size)
          .filter((_, i) => inJson.has((model.outputs[i] as TensorMetadata).name));
        checkJsonNumbers(
          context.limits,
          numbers.reduce((sum, each) => sum + each, 0),
        );
        const rows = unstack(asked.inputs, asked.count);
        const found = stack(await runWork(context, served, work, rows, reply));
        const { headers, body } = formatInferResponse(
          { name, version: String(served.version) },
          asked,
          found,
        );
        return reply.headers(headers).send(body);
      },
    });
  }
}
