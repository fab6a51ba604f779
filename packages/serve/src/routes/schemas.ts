/** Pieces of the OpenAPI document that several routes share. */
const failure = (description: string) => ({
  description,
  content: {
    'application/json': {
      schema: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
    },
  },
});

/** The answers that any call of a model may have beside its own. */
export const failures = {
  400: failure('The request is wrong; the error says what to change'),
  401: failure('The token is missing or wrong'),
  404: failure('The model or its version is unknown'),
  413: failure('The body, its JSON, an image, the number of images or the answer is too large'),
  415: failure('The body has a content-encoding'),
  421: failure('The host is not this machine, and the server has no token'),
  429: failure('Too many requests are under way; try again later'),
  500: failure('The model failed; the log of the server has the reason'),
  503: failure('The time is over, a worker ended, or the server closes; try again later'),
};

export const unknownModel = { 401: failures[401], 404: failures[404], 421: failures[421] };

export const tensorList = (what: string) => ({
  type: 'array',
  description: what,
  items: {
    type: 'object',
    required: ['name', 'datatype', 'shape'],
    properties: {
      name: { type: 'string' },
      datatype: { type: 'string', enum: ['FP32'] },
      shape: {
        type: 'array',
        items: { type: 'integer' },
        description: 'batch first; −1 is free in metadata',
      },
      data: { type: 'array', items: { type: 'number' } },
      parameters: { type: 'object', properties: { binary_data_size: { type: 'integer' } } },
    },
  },
});

export const ok = (description: string, type: string, schema: object) => ({
  200: { description, content: { [type]: { schema } } },
});

export const bytes = { type: 'string', format: 'binary' };

/** The parameters of a path with this route's model, and its version if the path names one. */
export function modelParams(path: string): object {
  const model = { type: 'string', description: 'name of the model' };
  const version = { type: 'string', description: 'default: the highest' };
  const properties = path.includes(':version') ? { model, version } : { model };
  return { type: 'object', required: Object.keys(properties), properties };
}

/** The two paths of a route: the newest version of a model, and a named one. */
export function pathsOf(prefix: string, rest: string): string[] {
  return [`${prefix}/:model${rest}`, `${prefix}/:model/versions/:version${rest}`];
}
