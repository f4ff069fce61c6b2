// Who is calling: picks the kind of proof that a route asks for and puts the machine or bouncer on the request.

import type { FastifyRequest } from 'fastify';
import type { RouteDeps } from '../deps.js';
import type { Access } from '../exchange.js';
import { authenticateBouncer } from './bouncer-auth.js';
import { authenticateForRefresh, authenticateMachine } from './machine-auth.js';

/** Who may call the route of a request. */
export function accessOf(request: FastifyRequest): Access {
  return request.routeOptions.config.access ?? 'open';
}

/** Sets `machine` or `bouncer` of a request. Throws a Refusal when neither is who they have to be. */
export async function authenticate(request: FastifyRequest, deps: RouteDeps): Promise<void> {
  const { store, tokens } = deps;
  const access = accessOf(request);
  if (access === 'open') return;
  if (access === 'refresh') request.machine = await authenticateForRefresh(request, tokens, store);
  else if (isBouncers(access, request, deps)) request.bouncer = await authenticateBouncer(request, deps);
  else request.machine = await authenticateMachine(request, tokens, store);
}

/** Whether the proof to look at is a bouncer's. */
function isBouncers(access: Access, { headers, raw }: FastifyRequest, { certificates }: RouteDeps): boolean {
  const hasKey = headers['x-api-key'] !== undefined;
  const hasToken = headers.authorization !== undefined;
  if (access === 'either') return hasKey || !(hasToken || (headers['user-agent'] ?? '').startsWith('crowdsec/'));
  if (access === 'reader') return !hasToken && (hasKey || certificates?.isShown(raw) === true);
  return access === 'bouncer';
}
