import type { AddressInfo } from 'node:net';
import { printable } from '@glow-onnx/flow/manifest';
import type { FastifyInstance } from 'fastify';

/**
 * Refuses requests for other hosts than this machine, if the server listens at its loopback address. A page of any site
 * may point a name of its own there (DNS rebinding); the browser then takes the server for a part of that site, and lets
 * the page read its answers. Its requests still name the site as their host.
 */
export function refuseOtherHosts(app: FastifyInstance): void {
  let isLoopback = false;
  app.server.once('listening', () => {
    isLoopback = /^(::1$|(::ffff:)?127\.)/.test((app.server.address() as AddressInfo).address);
  });
  app.addHook('onRequest', async ({ headers: { host } }, reply) => {
    if (!isLoopback || host === undefined || isThisMachine(host)) return;
    const got = printable(JSON.stringify(host.slice(0, 100)));
    return reply.code(421).send({
      error: `the host must be localhost, 127.0.0.1 or [::1], got ${got}; a server with a token takes every host`,
    });
  });
}

/** @param host with or without a port. */
export function isThisMachine(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}
