// One port for HTTP/1.1 and HTTP/2: inside TLS the handshake says which (ALPN), in clear text the first bytes do, since
// HTTP/2 begins with a preface that is no request of HTTP/1.1. Both end in the same handler.

import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse,
  type ServerHttp2Session } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { lapiLimits } from './limits.js';
import type { TlsSettings } from './tls-settings.js';

/** A server that is to be bound, and how it is let go of. */
export interface ProtocolServer {
  readonly server: Server;
  /** Takes no more connections and waits for the requests under way, up to a bound. */
  close(): Promise<void>;
}

/** Node's HTTP/2 requests and answers look like those of HTTP/1.1. */
type Http2Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Returns a server, not yet listening; `tls` null is clear text. */
export function openProtocolServer(handler: RequestListener, tls: TlsSettings | null): ProtocolServer {
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: lapiLimits.http2StreamsMax },
    maxSessionMemory: lapiLimits.http2SessionMegabytesMax }, ((request: Http2ServerRequest, response: Http2ServerResponse) => {
    // HTTP/1.1 says in a header that a body follows; whoever reads bodies looks there.
    if (!request.stream.endAfterHeaders) request.headers['transfer-encoding'] ??= 'chunked';
    (handler as unknown as Http2Handler)(request, response);
  }));
  http2.on('session', (session) => {
    sessions.add(session);
    session.setTimeout(lapiLimits.http2IdleMsMax, () => session.close());
    session.once('close', () => sessions.delete(session));
  });
  const serveHttp2 = (socket: Socket): void => { http2.emit('connection', socket); };
  const server = tls === null ? clearServer(handler, serveHttp2) : tlsServer(handler, serveHttp2, tls);
  return { server, close: () => close(server, sessions) };
}

function clearServer(handler: RequestListener, serveHttp2: (socket: Socket) => void): Server {
  const server = createServer(handler);
  const serveHttp1 = takeListener(server, 'connection');
  server.on('connection', (socket: Socket) => readPreface(socket, (isHttp2) => {
    if (isHttp2) serveHttp2(socket);
    else serveHttp1(socket);
  }));
  return server;
}

function tlsServer(handler: RequestListener, serveHttp2: (socket: Socket) => void, tls: TlsSettings): Server {
  const server = createTlsServer({ ...tls.options, ALPNProtocols: ['h2', 'http/1.1'] }, handler);
  const serveHttp1 = takeListener(server, 'secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    // The other function for it, getPeerX509Certificate, takes the chain away from those who ask later.
    const isShown = socket.getPeerCertificate()?.raw !== undefined;
    if (isShown ? tls.refusesUnverified && !socket.authorized : tls.refusesWithout) socket.destroy();
    else if (socket.alpnProtocol === 'h2') serveHttp2(socket);
    else serveHttp1(socket);
  });
  return server;
}

/** The listener that a server has for its own connections, taken off so that another one can choose first. */
function takeListener(server: Server, event: string): (socket: Socket) => void {
  const [listener] = server.listeners(event);
  server.removeAllListeners(event);
  return (socket) => { listener.call(server, socket); };
}

/** Waits for enough bytes to tell the protocols apart, and puts them back. */
function readPreface(socket: Socket, serve: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const drop = (): void => { socket.destroy(); };
  const silence = setTimeout(drop, lapiLimits.firstBytesMsMax);
  const look = (): void => {
    for (let bytes; (bytes = socket.read() as Buffer | null) !== null;) seen = Buffer.concat([seen, bytes]);
    if (seen.length === 0) return;
    const common = Math.min(seen.length, preface.length);
    const isLikePreface = seen.subarray(0, common).equals(preface.subarray(0, common));
    if (isLikePreface && common < preface.length && !socket.readableEnded) return;
    clearTimeout(silence);
    socket.off('readable', look).off('error', drop).off('end', drop);
    socket.unshift(seen);
    serve(isLikePreface);
  };
  socket.on('error', drop).on('end', drop).on('close', () => clearTimeout(silence)).on('readable', look);
}

/** Connections between two requests are closed as they fall idle; those that never do, after a while. */
function close(server: Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), lapiLimits.idlePollMs);
    const all = setTimeout(() => {
      server.closeAllConnections();
      for (const session of sessions) session.destroy();
    }, lapiLimits.shutdownMsMax);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(all);
      resolve();
    });
    server.closeIdleConnections();
    for (const session of sessions) session.close();
  });
}
