// GET /v1/openapi.json: what this server can be asked, for people and their tools. Ours; CrowdSec serves no document.

import type { FastifyInstance } from 'fastify';
import { encodeJson } from '../json.js';
import { openApiDocument } from '../schema/openapi.js';

/** Adds the document's route. */
export function addOpenApiRoute(app: FastifyInstance): void {
  const text = encodeJson(openApiDocument());
  app.get('/v1/openapi.json', async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(text));
}
