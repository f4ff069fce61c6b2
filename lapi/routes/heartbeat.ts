// GET /v1/heartbeat: a machine says that it lives.

import type { FastifyInstance } from 'fastify';
import type { RouteDeps } from '../deps.js';
import { machineOf } from '../exchange.js';

/** Adds the heartbeat route. */
export function addHeartbeatRoute(app: FastifyInstance, { store }: RouteDeps): void {
  app.get('/v1/heartbeat', { config: { access: 'machine' } }, async (request, reply) => {
    await store.machines.recordHeartbeat(machineOf(request).name);
    return reply.code(200).send();
  });
}
