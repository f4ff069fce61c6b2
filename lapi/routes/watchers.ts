// Machines come and go: registration, login, refresh of a token, and taking oneself off the list.

import type { Static } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AttemptLimit } from '../auth/attempt-limit.js';
import { AddressSet, isLoopback } from '../auth/client-address.js';
import { certifiedName } from '../auth/certified-name.js';
import { splitUserAgent } from '../auth/user-agent.js';
import type { Token } from '../auth/token.js';
import type { RouteDeps } from '../deps.js';
import { Refusal, tokenRefusal } from '../errors.js';
import { bodyOf, machineOf, sendJson } from '../exchange.js';
import { lapiLimits } from '../limits.js';
import { decodeBody } from '../schema/validate.js';
import { certifiedLoginRequest, loginRequest, registrationRequest } from '../schema/watcher.js';
import { generateApiKey, hashPassword, verifyPassword } from '../store/credentials.js';
import type { Machine } from '../store/machines.js';
import type { Store } from '../store/store.js';

type PasswordLogin = Static<typeof loginRequest>;

/** Adds the routes of machine registration and login. */
export function addWatcherRoutes(app: FastifyInstance, deps: RouteDeps): void {
  const allowed = new AddressSet('api.server.auto_registration.allowed_ranges',
    deps.settings.autoRegistration?.allowedRanges ?? []);
  const limit = new AttemptLimit(deps.nowMs);
  app.post('/v1/watchers', (request, reply) => {
    limit.begin(request.clientAddress);
    return register(request, reply, deps, allowed);
  });
  app.post('/v1/watchers/login', async (request, reply) => {
    const attempts = limit.begin(request.clientAddress);
    const token = await logIn(request, deps).catch((error: unknown) => {
      if (!(error instanceof Refusal)) attempts.count--;
      throw error;
    });
    attempts.count--;
    return sendToken(reply, token);
  });
  app.get('/v1/refresh_token', { config: { access: 'refresh' } }, (request, reply) =>
    sendToken(reply, deps.tokens.issue(machineOf(request))));
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

async function logIn(request: FastifyRequest, deps: RouteDeps): Promise<Token> {
  const { store, tokens } = deps;
  const agent = splitUserAgent(request.headers['user-agent'] ?? '');
  const name = certifiedName(request, deps, 'machine', () => tokenRefusal('access forbidden'));
  const input = decodeLogin(name === null ? loginRequest : certifiedLoginRequest, bodyOf(request));
  const machine = name === null ? await byPassword(input as PasswordLogin, store)
    : await byCertificate(name, request.clientAddress, store);
  if (agent === null) throw tokenRefusal('incorrect Username or Password');
  const address = request.clientAddress;
  await store.machines.report(machine.name, {
    scenarios: input.scenarios?.length ? input.scenarios.join(',') : undefined,
    ipAddress: machine.ipAddress === address ? undefined : address, version: agent.version,
  });
  return tokens.issue(machine);
}

async function byPassword(input: PasswordLogin, store: Store): Promise<Machine> {
  const machine = await store.machines.get(input.machine_id);
  if (machine === null) throw tokenRefusal('ent: machine not found');
  requireUsable(machine, 'password');
  if (!await verifyPassword(input.password, machine.passwordHash)) throw tokenRefusal('incorrect Username or Password');
  return machine;
}

/** A certificate registers its machine as well: it was given by the administrator. */
async function byCertificate(commonName: string, address: string, store: Store): Promise<Machine> {
  const name = `${commonName}@${address}`;
  let machine = await store.machines.get(name);
  if (machine === null) {
    const count = (await store.machines.list()).filter((other) => other.name.startsWith(`${commonName}@`)).length;
    if (count >= lapiLimits.rowsPerCertificateMax) throw tokenRefusal(`too many machines ${commonName}@…`);
    // Nobody knows this password; another request may have been first.
    await store.machines.add({ name, passwordHash: (await hashPassword(generateApiKey()))!, ipAddress: address,
      isValidated: true, authType: 'tls' });
    machine = await store.machines.get(name);
  }
  if (machine === null) throw tokenRefusal('ent: machine not found');
  requireUsable(machine, 'tls');
  return machine;
}

function requireUsable(machine: Machine, authType: string): void {
  if (!machine.isValidated) throw tokenRefusal(`machine ${machine.name} not validated`);
  if (machine.authType !== authType) {
    throw tokenRefusal(`machine ${machine.name} attempted to auth with ${authType === 'tls' ? 'TLS cert' : authType
    } but it is configured to use ${machine.authType}`);
  }
}

/** Every refusal of a login body has the form of a failed login. */
function decodeLogin<S extends typeof loginRequest | typeof certifiedLoginRequest>(schema: S, body: Buffer): Static<S> {
  try {
    return decodeBody(schema, body);
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
