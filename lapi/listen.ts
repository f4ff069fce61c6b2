// Binds the Local API to a TCP address, a unix socket, or both, and lets go of them again.

import type { FastifyInstance } from 'fastify';
import { existsSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PalisadeError } from '../ts/errors.js';
import { openProtocolServer, type ProtocolServer } from './protocols.js';
import type { TlsSettings } from './tls-settings.js';

/** Where to listen. Empty texts mean: not there. */
export interface ListenOptions {
  /** `127.0.0.1:8080`, `:8080`, `[::1]:8080` */
  readonly listenUri: string;
  readonly listenSocket: string;
  /** For the TCP address; null is plain HTTP. The socket is always plain. */
  readonly tls: TlsSettings | null;
}

/** A listening Local API. */
export interface Listening {
  /** As CrowdSec names them in its log: `127.0.0.1:8080`, `Unix socket /run/x.sock`. */
  readonly addresses: readonly string[];
  /** The TCP port, also when the system chose it; null without TCP. */
  readonly port: number | null;
  /** Stops taking connections and waits for the requests under way. */
  close(): Promise<void>;
}

/** A unix socket path that the kernel would cut. */
const socketPathBytesMax = 107;

/** Starts listening. Throws E_LAPI with Go's text when an address cannot be bound; then nothing listens. */
export async function listen(app: FastifyInstance, options: ListenOptions): Promise<Listening> {
  if (options.listenUri === '' && options.listenSocket === '') {
    throw new PalisadeError('E_CONFIG', 'no listen_uri or listen_socket specified');
  }
  await app.ready();
  const servers: ProtocolServer[] = [];
  // At the same time: the application ends the answers that go on and on.
  const close = async (): Promise<void> => {
    await Promise.all([...servers.map((server) => server.close()), app.close()]);
  };
  try {
    const addresses: string[] = [];
    let port: number | null = null;
    if (options.listenUri !== '') {
      const opened = openProtocolServer(app.routing, options.tls);
      await bind(opened.server, tcpAddress(options.listenUri), options.listenUri);
      servers.push(opened);
      port = (opened.server.address() as AddressInfo).port;
      addresses.push(options.listenUri.replace(/:\d*$/, `:${port}`));
    }
    if (options.listenSocket !== '') {
      const opened = openProtocolServer(app.routing, null);
      await bind(opened.server, { path: freedSocket(options.listenSocket) }, options.listenSocket);
      servers.push(opened);
      addresses.push(`Unix socket ${options.listenSocket}`);
    }
    return { addresses, port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function tcpAddress(uri: string): { host?: string; port: number } {
  const match = /^(.*):(-?\d*)$/.exec(uri);
  const port = match === null || match[2] === '' ? NaN : Number(match[2]);
  if (match === null) throw failed(uri, `listen tcp: address ${uri}: missing port in address`);
  if (!(port >= 0 && port <= 65_535)) throw failed(uri, `listen tcp: address ${match[2]}: invalid port`);
  const host = match[1].replace(/^\[(.*)\]$/, '$1');
  return host === '' ? { port } : { host, port };
}

/** A socket file that a dead process left behind is in the way; CrowdSec removes it too. */
function freedSocket(path: string): string {
  if (Buffer.byteLength(path) > socketPathBytesMax) {
    throw failed(path, `listen unix ${path}: bind: invalid argument (path length exceeds system limit: ${
      Buffer.byteLength(path)} > ${socketPathBytesMax})`);
  }
  if (existsSync(path)) rmSync(path);
  return path;
}

function bind(server: Server, address: { host?: string; port?: number; path?: string }, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const kind = address.path === undefined ? 'tcp' : 'unix';
      const reasons: Record<string, string> = { EADDRINUSE: 'address already in use', EACCES: 'permission denied',
        EADDRNOTAVAIL: 'cannot assign requested address', ENOENT: 'no such file or directory' };
      reject(failed(name, `listen ${kind} ${name}: bind: ${reasons[error.code ?? ''] ?? error.message}`));
    });
    server.listen(address, resolve);
  });
}

function failed(name: string, reason: string): PalisadeError {
  return new PalisadeError('E_LAPI', `local API server stopped with error: listening on ${name}: ${reason}`);
}
