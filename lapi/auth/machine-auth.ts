// Lets a request of a machine in: the token is genuine and current, and the machine still exists, is validated and has
// the password it logged in with. (CrowdSec asks only the first, so the token of a deleted machine works there until it expires.)

import type { FastifyRequest } from 'fastify';
import { tokenRefusal } from '../errors.js';
import type { Machine } from '../store/machines.js';
import type { Store } from '../store/store.js';
import type { Claims, Tokens } from './token.js';

/** Returns the machine of a request. Throws a Refusal. */
export async function authenticateMachine(request: FastifyRequest, tokens: Tokens, store: Store): Promise<Machine> {
  return knownMachine(tokens.check(tokenOf(request)), tokens, store);
}

/** Returns the machine of a request for a new token; an expired token will do for a while. Throws a Refusal. */
export async function authenticateForRefresh(request: FastifyRequest, tokens: Tokens, store: Store): Promise<Machine> {
  return knownMachine(tokens.checkForRefresh(tokenOf(request)), tokens, store);
}

async function knownMachine(claims: Claims, tokens: Tokens, store: Store): Promise<Machine> {
  const machine = await store.machines.get(claims.machine);
  if (machine === null) throw tokenRefusal('ent: machine not found');
  if (!machine.isValidated) throw tokenRefusal(`machine ${machine.name} not validated`);
  if (!tokens.isOf(claims, machine)) throw tokenRefusal('signature is invalid');
  return machine;
}

/** The token from the Authorization header, else from the cookie `jwt`. */
function tokenOf(request: FastifyRequest): string {
  const header = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (header !== undefined) return header;
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === 'jwt' && value) return value;
  }
  throw tokenRefusal('cookie token is empty');
}
