// Graphs with data in places that are not theirs.
import { bytes, entry, external, floats, number, types } from '../onnx-writer.mjs';
import { at, chain, encode, honest, squeeze, weights, withTensors } from './honest.mjs';

const weighted = (entries, more) => encode({ k: external('k', [4, 1, 2, 2], entries, more && { more }) });

export const places = {
  'external data in .env': weighted(at('.env')),
  'external data in ./.env': weighted(at('./.env')),
  'external data in a folder above': weighted(at('../secret.bin')),
  'external data at an absolute path': weighted(at('/etc/hostname', '0', '4')),
  'external data at a file address': weighted(at('file:///etc/hostname')),
  'external data at an http address': weighted(at('http://127.0.0.1:9/weights.bin')),
  'external data in the memory of the process': weighted(at('*/_ORT_MEM_ADDR_/*', '4096')),
  'external data in the manifest': weighted(at('manifest.json')),
  'external data in the other graph': weighted(at('decode.onnx')),
  'external data without a location': weighted({ offset: '0', length: '64' }),
  'external data with an empty location': weighted(at('')),
  'external data with a NUL in the location': weighted(at('weights.bin\0.env')),
  'external data with dots in the location': weighted(at('weights.bin/../weights.bin')),
  'external data with other capitals': weighted(at('WEIGHTS.BIN')),
  'external data by two locations': encode({
    k: external('k', [4, 1, 2, 2], at('weights.bin'), {
      more: [bytes(13, ...entry('location', '.env')), number(14, 1)],
    }),
  }),
  'external data by two locations, the other first': encode({
    k: external(
      'k',
      [4, 1, 2, 2],
      { location: '.env' },
      {
        more: [
          ...Object.entries(at('weights.bin')).map(([k, v]) => bytes(13, ...entry(k, v))),
          number(14, 1),
        ],
      },
    ),
  }),
  'external data past the end': weighted(at('weights.bin', String(weights.length))),
  'external data partly past the end': weighted(at('weights.bin', String(weights.length - 32))),
  'external data longer than the tensor': weighted(at('weights.bin', '0', '128')),
  'external data shorter than the tensor': weighted(at('weights.bin', '0', '32')),
  'external data at a negative offset': weighted(at('weights.bin', '-64')),
  'external data at offset 2^63 - 32': weighted(at('weights.bin', '9223372036854775776')),
  'external data at offset 2^64': weighted(at('weights.bin', '18446744073709551616')),
  'external data at a hexadecimal offset': weighted(at('weights.bin', '0x0')),
  'external data at an offset with a space': weighted(at('weights.bin', ' 0')),
  'external data with an exponent': weighted(at('weights.bin', '0', '6.4e1')),
  'external data with a checksum': weighted({ ...at('weights.bin'), checksum: '0' }),
  'external data beside data': encode({
    k: external('k', [4, 1, 2, 2], at('.env'), { more: [bytes(9, floats(squeeze)), number(14, 1)] }),
  }),
  'external data without the flag': weighted(at('.env'), [number(14, 0)]),
  'external flag 2': weighted(at('.env'), [number(14, 2)]),
  'external flag twice': weighted(at('.env'), [number(14, 0), number(14, 1)]),
  'external flag without entries': weighted({}),
  'external axes': encode({
    tensors: [
      ...honest.tensors.filter((_, i) => i !== 2),
      external('axes', [3], at('.env', '0', '24'), { type: types.int64 }),
    ],
  }),
  'external data of bytes': withTensors([external('t', [64], at('.env'), { type: types.int8 })]),
  'two hundred tensors that share the weights': encode({
    tensors: [
      ...honest.tensors,
      chain(200, (i) => external(`w${i}`, [2 ** 20], at('weights.bin', '0', String(2 ** 22)))),
    ],
  }),
};
