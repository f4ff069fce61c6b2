// Machines come and go: registration, login, refresh of a token, and taking oneself off the list.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AttemptLimit } from '../auth/attempt-limit.js';
import { AddressSet, isLoopback } from '../auth/client-address.js';
import { splitUserAgent } from '../auth/user-agent.js';
import type { Token } from '../auth/token.js';
import type { RouteDeps } from '../deps.js';
import { Refusal, tokenRefusal } from '../errors.js';
import { decodeBody } from '../schema/validate.js';
import { loginRequest, registrationRequest } from '../schema/watcher.js';
import { bodyOf, machineOf, sendJson } from '../exchange.js';
import { hashPassword, verifyPassword } from '../store/credentials.js';

/** Adds the routes of machine registration and login. */
export function addWatcherRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const allowed = new AddressSet('api.server.auto_registration.allowed_ranges',
    deps.settings.autoRegistration?.allowedRanges ?? []);
  const limit = new AttemptLimit(deps.nowMs);
  app.post('/v1/watchers', (request, reply) => {
    limit.check(request.clientAddress);
    limit.count(request.clientAddress);
    return register(request, reply, deps, allowed);
  });
  app.post('/v1/watchers/login', async (request, reply) => {
    limit.check(request.clientAddress);
    try {
      return sendToken(reply, await logIn(request, deps));
    } catch (error) {
      if (error instanceof Refusal) limit.count(request.clientAddress);
      throw error;
    }
  });
  app.get('/v1/refresh_token', { config: { access: 'refresh' } }, (request, reply) =>
    sendToken(reply, deps.tokens.issue(machineOf(request).name)));
  app.delete('/v1/watchers/self', { config: { access: 'machine' } }, async (request, reply) => {
    const { name } = machineOf(request);
    if (!await deps.store.machines.remove(name)) throw new Refusal('notFound', `'${name}' does not exist`);
    return reply.code(204).send();
  });
}

async function register(request: FastifyRequest, reply: FastifyReply, { store, settings }: RouteDeps,
  allowed: AddressSet): Promise<FastifyReply> {
  const input = decodeBody(registrationRequest, bodyOf(request));
  const address = request.clientAddress;
  if (settings.disableRemoteRegistration && !isLoopback(address)) throw new Refusal('forbidden', 'access forbidden');
  const isValidated = mayRegisterItself(input.registration_token, settings.autoRegistration?.token, address, allowed);
  const passwordHash = await hashPassword(input.password);
  if (passwordHash === null) throw new Refusal('badValue', 'unable to hash');
  const added = await store.machines.add({ name: input.machine_id, passwordHash, ipAddress: address, isValidated });
  if (!added) throw new Refusal('forbidden', `user '${input.machine_id}': user already exist`);
  return reply.code(isValidated ? 202 : 201).send();
}

/** Whether a registration token makes the machine valid at once. Without the feature a token is ignored. */
function mayRegisterItself(given: string | undefined, expected: string | undefined, address: string,
  allowed: AddressSet): boolean {
  if (!given || expected === undefined) return false;
  if (!sameText(given, expected)) throw new Refusal('unauthorized', 'invalid token for auto registration');
  if (!allowed.has(address)) throw new Refusal('unauthorized', 'IP not in allowed range for auto registration');
  return true;
}

async function logIn(request: FastifyRequest, { store, tokens }: RouteDeps): Promise<Token> {
  const input = decodeLogin(bodyOf(request));
  const machine = await store.machines.get(input.machine_id);
  if (machine === null) throw tokenRefusal('ent: machine not found');
  if (!machine.isValidated) throw tokenRefusal(`machine ${machine.name} not validated`);
  if (machine.authType !== 'password') {
    throw tokenRefusal(`machine ${machine.name} attempted to auth with password but it is configured to use ${
      machine.authType}`);
  }
  const agent = splitUserAgent(request.headers['user-agent'] ?? '');
  if (!await verifyPassword(input.password, machine.passwordHash) || agent === null) {
    throw tokenRefusal('incorrect Username or Password');
  }
  const address = request.clientAddress;
  await store.machines.report(machine.name, {
    scenarios: input.scenarios?.length ? input.scenarios.join(',') : undefined,
    ipAddress: machine.ipAddress === address ? undefined : address, version: agent.version,
  });
  return tokens.issue(machine.name);
}

/** Every refusal of a login body has the form of a failed login. */
function decodeLogin(body: Buffer) {
  try {
    return decodeBody(loginRequest, body);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw tokenRefusal(error.code === 'badBody' ? `missing: ${error.message}` : error.message);
  }
}

function sendToken(reply: FastifyReply, token: Token): FastifyReply {
  const expire = `${new Date(token.expiresAt * 1000).toISOString().slice(0, 19)}Z`;
  return sendJson(reply, { code: 200, expire, token: token.text });
}

/** Compares in a time that does not depend on where the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
