import {
  encodePng,
  latentsFromJson,
  latentsToJson,
  type PictureSize,
  type RawImage,
} from '@glow-onnx/runtime/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AppContext } from '../app-context.js';
import type { Work } from '../batcher.js';
import { checkLatentsJson, checkPixels, checkWork } from '../check-limits.js';
import { asClientError, HttpError } from '../http-error.js';
import { parseJson } from '../parse-json.js';
import { decodeWork, type PictureItem, pictureWorks, sampleWork, scoreDraws } from '../picture-works.js';
import { findServed, type ModelPath, type ServedModel } from '../served-models.js';
import { labelOf, pictureOf, queryOf, seedOf, seenSize, temperatureOf } from './picture-requests.js';
import { runWork } from './run-work.js';
import { bytes, failures, modelParams, ok, pathsOf } from './schemas.js';

interface Route {
  readonly Params: ModelPath;
  readonly Body: Buffer | undefined;
  readonly Querystring: Readonly<Record<string, unknown>>;
}
type Request = FastifyRequest<Route>;

const json = { type: 'object' };
const text = { type: 'string' };
const tags = ['pictures'];

/** Routes that take and give pictures: encode, score and reconstruct a picture; decode latents; sample. */
export function addPictureRoutes(app: FastifyInstance, context: AppContext): void {
  const models = findServed(context.served);

  async function run<Item, Result>(
    request: Request,
    reply: FastifyReply,
    workOf: (served: ServedModel) => readonly [Work<Item, Result>, Item],
  ): Promise<readonly [Result, ServedModel]> {
    const served = models.find(request.params);
    if (served.model.config.bits === 0) {
      throw new HttpError(
        400,
        `${served.name} takes numbers, not pictures; use /v2/models/${served.name}-encode and ${served.name}-decode`,
      );
    }
    const [work, item] = workOf(served);
    request.about = { model: `${served.name}:${served.version}`, call: work.key.split(' ')[0] as string };
    const [result] = await runWork(context, served, work, [item], reply);
    return [result as Result, served];
  }

  const onPicture =
    <Result>(
      passes: number,
      workOf: (served: ServedModel, fit: string | undefined, size: PictureSize) => Work<PictureItem, Result>,
      answer: (result: Result, served: ServedModel, reply: FastifyReply) => unknown,
    ) =>
    async (request: Request, reply: FastifyReply) => {
      const { fit, label } = queryOf(request.query, ['fit', 'label']);
      const { picture, size } = pictureOf(request.body, context.limits);
      const [result, served] = await run(request, reply, (served) => {
        // Cover, the default, brings every picture to the size of the training images.
        if (fit !== undefined && fit !== 'cover') checkWork(context, served.model, size, passes);
        return [workOf(served, fit, size), { picture, label: labelOf(label) }];
      });
      return answer(result, served, reply);
    };

  const pictureQuery = {
    type: 'object',
    properties: {
      fit: {
        ...text,
        description: 'size at which the model sees the picture; default cover, that of training',
      },
      label: { ...text, description: 'name of the class, for models with classes' },
    },
  };
  const picture = { content: { 'image/*': { schema: bytes } } };
  const post = (
    rest: string,
    summary: string,
    docs: { readonly body: object; readonly querystring?: object; readonly response: object },
    handler: (request: Request, reply: FastifyReply) => unknown,
  ) => {
    for (const path of pathsOf('/models', rest)) {
      const response = { ...docs.response, ...failures };
      app.post<Route>(path, {
        schema: { summary, tags, params: modelParams(path), ...docs, response },
        handler,
      });
    }
  };
  const pngOut = ok('the picture', 'image/png', bytes);

  post(
    '/encode',
    'Latents and log p of a picture, as JSON',
    { body: picture, querystring: pictureQuery, response: ok('the latents', 'application/json', json) },
    onPicture(
      1,
      ({ model }, fit, size) => {
        checkLatentsJson(context.limits, model, seenSize(model, fit, size));
        return pictureWorks(model, fit).encode;
      },
      ({ z, logProb }, { model }) => latentsToJson(model, { z: [z], logProb: [logProb] }),
    ),
  );
  post(
    '/score',
    'How well a picture resembles the training images',
    { body: picture, querystring: pictureQuery, response: ok('the score', 'application/json', json) },
    onPicture(
      scoreDraws,
      ({ model }, fit) => pictureWorks(model, fit).score,
      (score) => score,
    ),
  );
  post(
    '/reconstruct',
    'A picture encoded and decoded again, as PNG',
    { body: picture, querystring: pictureQuery, response: pngOut },
    onPicture(
      2,
      ({ model }, fit) => pictureWorks(model, fit).reconstruct,
      (image, _served, reply) => sendPng(reply, image),
    ),
  );
  post(
    '/decode',
    'The picture of latents that encode gave, as PNG',
    {
      body: { content: { 'application/json': { schema: json } } },
      querystring: { type: 'object', properties: { label: pictureQuery.properties.label } },
      response: pngOut,
    },
    async (request, reply) => {
      const { label } = queryOf(request.query, ['label']);
      const [image] = await run(request, reply, ({ model }) => {
        const sent = parseJson(request.body ?? Buffer.alloc(0), context.limits, 'send that of encode');
        const { z } = asClientError(() => latentsFromJson(model, sent));
        const [latents] = z;
        if (!latents || z.length > 1) {
          throw new HttpError(400, `expected the latents of one picture, got those of ${z.length}`);
        }
        const [, height = 0, width = 0] = latents.levels[0]?.shape ?? [];
        const size = { height: 2 * height, width: 2 * width };
        checkPixels(context.limits, size);
        checkWork(context, model, size, 1);
        return [decodeWork(model), { latents, label: labelOf(label) }];
      });
      return sendPng(reply, image);
    },
  );
  for (const path of pathsOf('/models', '/sample')) {
    app.get<Route>(path, {
      schema: {
        ...{ summary: 'A new picture, as PNG', tags, params: modelParams(path) },
        querystring: {
          type: 'object',
          properties: {
            seed: { type: 'integer', description: 'default 0' },
            temperature: { type: 'number', description: 'default 1' },
            label: pictureQuery.properties.label,
          },
        },
        response: { ...pngOut, ...failures },
      },
      handler: async (request, reply) => {
        const { seed, temperature, label } = queryOf(request.query, ['seed', 'temperature', 'label']);
        const item = { seed: seedOf(seed), temperature: temperatureOf(temperature), label: labelOf(label) };
        const [image] = await run(request, reply, ({ model }) => [sampleWork(model), item]);
        return sendPng(reply, image);
      },
    });
  }
}

async function sendPng(reply: FastifyReply, image: RawImage): Promise<FastifyReply> {
  return reply.type('image/png').send(Buffer.from(await encodePng(image)));
}
