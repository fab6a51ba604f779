// Hostile servers. A case has `answers` by path inside its folder, or `raw`, what the server does with a connection.
// `broken` says which promise a load has broken; by default, that it loads with other output.
import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const encode = 'onnx/encode.onnx';
const weights = 'onnx/weights.bin';
const manifest = 'manifest.json';
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
/** No server may hold a load for longer: the limit of the cases in which it is silent. */
const patient = { idleTimeoutMs: 5000 };

const head = (status, headers) => (response, bytes) => response.writeHead(status, headers).end(bytes);
const redirect = (location) => (response) => response.writeHead(302, { location }).end();

function endless(response, headers) {
  const block = Buffer.alloc(2 ** 16, ' ');
  const more = () => {
    while (response.write(block));
    response.once('drain', more);
  };
  response.writeHead(200, headers);
  more();
}

function every(ms, stream, step) {
  const timer = setInterval(step, ms);
  for (const end of ['close', 'error']) stream.on(end, () => clearInterval(timer));
}

/** The honest manifest in a version whose text may change, with weights that are others. */
function listing(bytes, contents, sha = sha256(contents)) {
  const facts = { ...JSON.parse(bytes), formatVersion: 1, checksum: undefined };
  const listed = facts.files.map((file) =>
    file.path === weights ? { ...file, bytes: contents.length, sha256: sha } : file,
  );
  return JSON.stringify({ ...facts, files: listed });
}

const gigabyte = (compress) => Buffer.concat(Array(4).fill(compress(Buffer.alloc(2 ** 28))));
let bombs;
const bomb = (kind) => {
  bombs ??= { gzip: gigabyte(gzipSync), br: brotliCompressSync(Buffer.alloc(2 ** 28)) };
  return (response) => response.writeHead(200, { 'content-encoding': kind }).end(bombs[kind]);
};

const bodies = [
  { name: 'a manifest without end', answers: { [manifest]: (response) => endless(response) } },
  {
    name: 'a web page without end',
    answers: { [manifest]: (response) => endless(response, { 'content-type': 'text/html' }) },
  },
  { name: 'weights without end', answers: { [weights]: (response) => endless(response) } },
  { name: 'weights that unpack to 1 GB', answers: { [weights]: bomb('gzip') } },
  { name: 'a manifest that unpacks to 1 GB', answers: { [manifest]: bomb('gzip') } },
  { name: 'a graph that unpacks to 256 MB, brotli', answers: { [encode]: bomb('br') } },
  { name: 'a bomb in a bomb', answers: { [encode]: head(200, { 'content-encoding': 'gzip, gzip' }) } },
  {
    name: 'a file that breaks off',
    answers: {
      [weights](response, bytes, { random }) {
        response
          .writeHead(200, { 'content-length': bytes.length })
          .write(bytes.subarray(0, random.below(bytes.length)));
        setTimeout(() => response.destroy(), 50);
      },
    },
  },
  {
    name: 'gzip that breaks off',
    answers: {
      [encode]: (response, bytes) =>
        head(200, { 'content-encoding': 'gzip' })(response, gzipSync(bytes).subarray(0, 999)),
    },
  },
  {
    name: 'a larger Content-Length, and an open connection',
    answers: {
      [encode]: (response, bytes) =>
        response.writeHead(200, { 'content-length': bytes.length + 9 }).write(bytes),
    },
  },
  {
    name: 'a byte that is another',
    answers: {
      [weights](response, bytes, { random }) {
        const changed = Buffer.from(bytes);
        changed[random.below(changed.length)] ^= 1 << random.below(8);
        response.end(changed);
      },
    },
  },
  { name: 'status 206', answers: { [manifest]: head(206) } },
  { name: 'status 304', answers: { [encode]: (response) => response.writeHead(304).end() } },
  {
    name: 'a web page in place of a file',
    answers: { [encode]: (response) => head(200, { 'content-type': 'text/html' })(response, '<p>') },
  },
];

const lines =
  (...text) =>
  (socket) =>
    socket.write(text.join('\r\n'), 'latin1');
const protocol = [
  {
    name: 'status 799, and words that control a terminal',
    raw: lines('HTTP/1.1 799 \u001b[2J\u009b2Kgone', 'content-length: 0', '', ''),
    broken: ({ controls }) => controls && 'the message controls the terminal',
  },
  { name: 'two sizes', raw: lines('HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 9', '', 'x') },
  { name: 'no HTTP', raw: lines('SSH-2.0-OpenSSH_9.9', '') },
  {
    name: 'another protocol',
    raw: lines('HTTP/1.1 101 Switching', 'connection: upgrade', 'upgrade: x', '', ''),
  },
  { name: 'a flood of headers', raw: lines('HTTP/1.1 200 OK', ...Array(99_999).fill('x-flood: 0123456789')) },
  {
    name: 'a flood of preliminary answers',
    options: patient,
    raw: (socket) => every(50, socket, () => socket.write('HTTP/1.1 102 Processing\r\n\r\n')),
  },
];

const silent = [
  { name: 'no answer', options: patient, answers: { [manifest]: () => undefined } },
  {
    name: 'a file that stops',
    options: patient,
    answers: { [weights]: (response, bytes) => response.write(bytes.subarray(0, 99)) },
  },
  {
    name: 'a byte from time to time',
    options: patient,
    answers: {
      [encode](response, bytes) {
        let at = 0;
        every(100, response, () => response.write(bytes.subarray(at, ++at)));
      },
    },
  },
  {
    name: 'a header that comes letter by letter',
    options: patient,
    raw(socket) {
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
      every(100, socket, () => socket.write('x'));
    },
  },
];

const redirects = [
  { name: 'a redirect in a circle', answers: { [encode]: redirect(encode.slice(5)) } },
  {
    name: 'a redirect to elsewhere without end',
    answers: {
      [encode]: (response, _, { url }) => redirect(`${url}/onnx/x`)(response),
      'onnx/x': (response, _, { url, random }) => redirect(`${url}/onnx/x?${random.uint32()}`)(response),
    },
  },
  { name: 'a redirect to a file', answers: { [manifest]: redirect('file:///etc/passwd') } },
  { name: 'a redirect to its own text', answers: { [manifest]: redirect('data:application/json,{}') } },
  {
    name: 'a redirect that wants the password',
    secret: true,
    answers: {
      [encode]: (response, _, { other }) => redirect(`${other}/${encode}`)(response),
    },
    broken: (_, { other }) =>
      other.some(({ authorization }) => authorization) && 'another origin got the password',
  },
  {
    name: 'a refusal, for an address with a password and a token',
    secret: true,
    answers: { [manifest]: head(403) },
  },
  {
    name: 'a redirect into the private network',
    internet: true,
    answers: { [encode]: (response, _, { other }) => redirect(`${other}/${encode}`)(response) },
    broken: ({ reached }) => reached.length > 0 && `the load went to ${reached}`,
  },
  {
    name: 'a redirect to a name of the private network',
    internet: true,
    answers: {
      [encode]: (response, _, { other }) =>
        redirect(`${other.replace('127.0.0.1', 'inside.test')}/${encode}`)(response),
    },
    broken: ({ reached }) => reached.length > 0 && `the load went to ${reached}`,
  },
  {
    name: 'a name that moves into the private network',
    internet: true,
    host: 'rebind.test',
    answers: {},
    broken: ({ reached }) => reached.length > 0 && `the load went to ${reached}`,
  },
];

const caches = [
  {
    name: 'weights that read like the note of a passed self-test',
    cache: true,
    answers: {
      [manifest]: (response, bytes, { note }) => response.end(listing(bytes, Buffer.from(note))),
      [weights]: (response, _, { note }) => response.end(note),
    },
    steps: ({ url, honest }) => [url, honest],
    broken: ({ selfTest }) => selfTest !== 'passed' && `the honest model was not tested: ${selfTest}`,
  },
  {
    name: 'weights under the name of the note of another server',
    cache: true,
    answers: {
      [manifest]: (response, bytes, { offlineNote }) =>
        response.end(listing(bytes, Buffer.from('x'), sha256(offlineNote))),
      [weights]: (response) => response.end('y'),
    },
    honestOnce: true,
    steps: ({ url, honest }) => [honest, url, honest],
    broken: ({ error }) => error && `the note of the honest server is lost: ${error}`,
  },
];

export const cases = [...bodies, ...protocol, ...silent, ...redirects, ...caches];
