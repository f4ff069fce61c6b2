// Lets a request of a bouncer in by its key. One key may be used from several addresses: the first address adopts the
// row that the administrator made, each further one gets a row `name@address` of its own, up to a bound.

import type { FastifyRequest } from 'fastify';
import { Refusal } from '../errors.js';
import { lapiLimits } from '../limits.js';
import type { Bouncer } from '../store/bouncers.js';
import { hashApiKey } from '../store/credentials.js';
import type { Store } from '../store/store.js';
import { splitUserAgent } from './user-agent.js';

/** Returns the bouncer of a request. HEAD only asks whether the key exists and changes nothing. Throws a Refusal. */
export async function authenticateBouncer(request: FastifyRequest, address: string, store: Store): Promise<Bouncer> {
  const key = request.headers['x-api-key'];
  if (typeof key !== 'string' || key === '') throw forbidden();
  const hash = hashApiKey(key);
  const sharing = (await store.bouncers.withKey(hash)).filter((bouncer) => !bouncer.revoked);
  if (sharing.length === 0) throw forbidden();
  if (request.method === 'HEAD') return sharing[0];
  const bouncer = sharing.find((candidate) => candidate.ipAddress === address)
    ?? (sharing.length === 1 && sharing[0].ipAddress === '' ? sharing[0] : undefined)
    ?? await addFor(sharing, hash, address, store);
  return record(bouncer, request, address, store);
}

async function addFor(sharing: readonly Bouncer[], keyHash: string, address: string, store: Store): Promise<Bouncer> {
  if (sharing.length >= lapiLimits.bouncersPerKeyMax) throw forbidden();
  const base = sharing[0].name.replace(/@[0-9a-fA-F.:]+$/, '');
  const added = await store.bouncers.add({ name: `${base}@${address}`, keyHash, ipAddress: address,
    isAutoCreated: true });
  if (added === null) throw forbidden();
  return added;
}

/** Notes the first address, and type and version when they changed. */
async function record(bouncer: Bouncer, request: FastifyRequest, address: string, store: Store): Promise<Bouncer> {
  const agent = request.headers['user-agent'] ?? '';
  const { name: type, version } = splitUserAgent(agent) ?? { name: agent, version: 'N/A' };
  const ipAddress = bouncer.ipAddress === '' ? address : undefined;
  if (ipAddress !== undefined || bouncer.type !== type || bouncer.version !== version) {
    await store.bouncers.report(bouncer.id, { ipAddress, type, version });
  }
  return bouncer;
}

function forbidden(): Refusal {
  return new Refusal('forbidden', 'access forbidden');
}
