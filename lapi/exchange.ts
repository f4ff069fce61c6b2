// What a route reads from a request and how it answers: who is calling, the raw body, JSON in CrowdSec's form.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { encodeJson } from './json.js';
import type { Bouncer } from './store/bouncers.js';
import type { Machine } from './store/machines.js';

/**
 * Who may call a route. `either` takes a bouncer key or a machine token, and whoever shows neither is refused like a
 * bouncer; `reader` is a machine's route that takes a bouncer key too.
 */
export type Access = 'open' | 'machine' | 'refresh' | 'bouncer' | 'either' | 'reader';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** The client's address, behind trusted proxies too. */
    clientAddress: string;
    machine: Machine | null;
    bouncer: Bouncer | null;
    /** When the request came, by the monotonic clock, milliseconds. */
    startedAtMs: number;
  }
}

/** Answers with JSON in CrowdSec's form. */
export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(encodeJson(value));
}

/** Answers with JSON that comes in pieces, at once when it is one. Rejects as long as nothing was sent; what fails later cuts the connection. */
export async function sendPieces(reply: FastifyReply, pieces: AsyncGenerator<string | Uint8Array>, status = 200): Promise<FastifyReply> {
  const begun = [await pieces.next(), await pieces.next()].flatMap((piece) => piece.done === true ? [] : [piece.value]);
  const all = async function* (): AsyncGenerator<string | Uint8Array> {
    yield* begun;
    yield* pieces;
  };
  const body = begun.length < 2 ? Buffer.from(begun[0] ?? '') : Readable.from(all(), { objectMode: false });
  // A client may go away before anything was read of them.
  if (body instanceof Readable) body.once('close', () => void pieces.return(null));
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(body);
}

/** Answers a HEAD request: a status and nothing else. */
export function sendHead(reply: FastifyReply): FastifyReply {
  return reply.code(200).header('content-type', 'text/plain; charset=utf-8').send('');
}

/** The raw body of a request; empty when there was none. */
export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The machine of a request on a route for machines. */
export function machineOf(request: FastifyRequest): Machine {
  if (request.machine === null) throw new Error('route without machine access');
  return request.machine;
}

/** The bouncer of a request on a route for bouncers. */
export function bouncerOf(request: FastifyRequest): Bouncer {
  if (request.bouncer === null) throw new Error('route without bouncer access');
  return request.bouncer;
}
