// GET /health: the server answers.

import type { FastifyInstance } from 'fastify';
import { sendJson } from '../exchange.js';

/** Adds the liveness route, never cached. */
export function addHealthRoute(app: FastifyInstance): void {
  app.get('/health', (_request, reply) => sendJson(reply.headers({ 'cache-control': 'no-cache', pragma: 'no-cache',
    expires: new Date(0).toUTCString() }), { status: 'up' }));
}
