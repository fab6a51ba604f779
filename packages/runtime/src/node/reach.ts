import { type LookupAddress, lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { RefusedError } from '../folder/stores/answer.js';

/** Addresses that mean something else inside a network than outside. An IPv4 address in IPv6 counts as itself. */
const privateAddresses = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8], // this host
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // behind a provider's NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, with the metadata services of clouds
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24], // relays of 6to4
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // tests within a network
  ['224.0.0.0', 3], // multicast, reserved, broadcast
] as const) {
  privateAddresses.addSubnet(address, prefix, 'ipv4');
}
for (const [address, prefix] of [
  ['::', 96], // this host, loopback, and an IPv4 address in an old form
  ['::ffff:0:0:0', 96], // an IPv4 address, translated
  ['64:ff9b::', 96], // an IPv4 address behind NAT64
  ['64:ff9b:1::', 48],
  ['100::', 64], // discards
  ['2001::', 32], // an IPv4 address in Teredo
  ['2002::', 16], // an IPv4 address in 6to4
  ['fc00::', 7], // unique local
  ['fe80::', 10], // link-local
  ['fec0::', 10],
  ['ff00::', 8], // multicast
] as const) {
  privateAddresses.addSubnet(address, prefix, 'ipv6');
}

/** Whether an IP address belongs to a private network or to this machine. */
export function isPrivateAddress(address: string): boolean {
  const [withoutZone = ''] = address.split('%'); // fe80::1%eth0
  return privateAddresses.check(withoutZone, isIP(withoutZone) === 6 ? 'ipv6' : 'ipv4');
}

/** The addresses that one load may connect to. */
export interface Reach {
  /** @throws RefusedError if the host is an IP address that the load may not connect to. */
  check(hostname: string): void;
  /** Resolves a name for a connection: the connection goes to an address that was checked. */
  readonly lookup: LookupFunction;
}

/**
 * Keeps a load that started on the internet out of private networks, whatever its server redirects to and whatever a
 * name resolves to meanwhile. The first host decides where the load started.
 */
export function createReach(privateRedirects: boolean): Reach {
  let isOpen: boolean | undefined = privateRedirects || undefined;
  const admit = (host: string, addresses: readonly LookupAddress[]): readonly LookupAddress[] => {
    isOpen ??= addresses.every(({ address }) => isPrivateAddress(address));
    const admitted = isOpen ? addresses : addresses.filter(({ address }) => !isPrivateAddress(address));
    if (admitted.length > 0) return admitted;
    throw new RefusedError(
      `the server leads to ${host}, which is in a private network; if this is right, pass privateRedirects: true`,
    );
  };
  return {
    check(hostname) {
      const address = hostname.replace(/^\[(.*)\]$/, '$1');
      const family = isIP(address);
      if (family !== 0) admit(address, [{ address, family }]);
    },
    lookup(hostname, options, done) {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return done(error, '');
        try {
          const admitted = admit(hostname, addresses);
          const [first] = admitted as [LookupAddress];
          if (options.all) done(null, [...admitted]);
          else done(null, first.address, first.family);
        } catch (refusal) {
          done(refusal as Error, '');
        }
      });
    },
  };
}
