// GET /v1/openapi.json: what this server can be asked, for people and their tools. Ours; CrowdSec serves no document.

import type { FastifyInstance } from 'fastify';
import { encodeJson } from '../json.js';
import { openApiDocument } from '../schema/openapi.js';

/** Adds the document's route. */
export function addOpenApiRoute(app: FastifyInstance): void {
  // Made when somebody asks: it takes a tenth of the server's start.
  let text: string | undefined;
  app.get('/v1/openapi.json', async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(text ??= encodeJson(openApiDocument())));
}
