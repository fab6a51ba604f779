// Lets a program of this machine see an internet: node --import ./public-names.mjs …
// Names ending in .test resolve to 203.0.113.7, an address on the internet, which is this machine all the same. The
// second and later look-ups of rebind.test give 127.0.0.1. `globalThis.reached` lists connections to private addresses.
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

globalThis.reached = [];
const outside = '203.0.113.7';
const lookup = dns.lookup;
let rebound = 0;

function addressOf(host) {
  if (host === 'inside.test') return '127.0.0.1';
  if (host === 'rebind.test') return rebound++ === 0 ? outside : '127.0.0.1';
  return host?.endsWith('.test') ? outside : undefined;
}

dns.lookup = (host, options, done = options) => {
  const address = addressOf(host);
  if (address === undefined) return lookup(host, options, done);
  process.nextTick(() => (options.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)));
};
syncBuiltinESMExports();

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const normalized = Array.isArray(given[0]) ? given[0] : given;
  const [options] = normalized;
  const go = (address) => {
    if (address === '127.0.0.1') globalThis.reached.push(options.host);
    normalized[0] = { ...options, host: '127.0.0.1', lookup: undefined };
    connect.apply(this, given);
  };
  if (net.isIP(options.host ?? '') || !options.host?.endsWith('.test')) {
    if (options.host !== undefined) globalThis.reached.push(options.host);
    return connect.apply(this, given);
  }
  this.connecting = true;
  (options.lookup ?? dns.lookup)(options.host, { all: true }, (error, found) => {
    this.connecting = false;
    if (error) this.destroy(error);
    else go(found[0].address);
  });
  return this;
};
