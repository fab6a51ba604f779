import type { InferRequest } from './parse-request.js';
import type { Tensor, Tensors } from './tensor.js';

/** The answer to a request for inference. */
export interface InferResponse {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** Writes the outputs that a request asks for: as JSON, or as JSON with the bytes of the binary ones after it. */
export function formatInferResponse(
  model: { readonly name: string; readonly version: string },
  { id, outputs }: Pick<InferRequest, 'id' | 'outputs'>,
  found: Tensors,
): InferResponse {
  const chunks: Buffer[] = [];
  const described = outputs.map(({ name, binary }) => {
    const { shape, data } = found[name] as Tensor;
    const facts = { name, datatype: 'FP32', shape };
    if (!binary) return { ...facts, data: Array.from(data) };
    chunks.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return { ...facts, parameters: { binary_data_size: data.byteLength } };
  });
  const answer = { model_name: model.name, model_version: model.version, ...(id !== undefined && { id }) };
  const json = Buffer.from(JSON.stringify({ ...answer, outputs: described }));
  if (chunks.length === 0) return { headers: { 'content-type': 'application/json' }, body: json };
  return {
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': json.length },
    body: Buffer.concat([json, ...chunks]),
  };
}
