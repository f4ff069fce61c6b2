// Lets a request of a bouncer in by its key or by its client certificate. One key may be used from several addresses: the
// first address adopts the row that the administrator made, each further one gets a row `name@address` of its own, up to
// a bound. A certificate gets a row `common name@address` for each.

import type { FastifyRequest } from 'fastify';
import type { RouteDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { lapiLimits } from '../limits.js';
import type { Bouncer } from '../store/bouncers.js';
import { generateApiKey, hashApiKey } from '../store/credentials.js';
import type { Store } from '../store/store.js';
import { certifiedName } from './certified-name.js';
import { splitUserAgent } from './user-agent.js';

/** Returns the bouncer of a request. HEAD only asks whether the key exists and changes nothing. Throws a Refusal. */
export async function authenticateBouncer(request: FastifyRequest, deps: RouteDeps): Promise<Bouncer> {
  // The certificate decides when there is one, whatever key comes with it, as for CrowdSec.
  const name = certifiedName(request, deps, 'bouncer', forbidden);
  return name === null ? authenticateByKey(request, deps.store) : authenticateByName(name, request, deps.store);
}

async function authenticateByKey(request: FastifyRequest, store: Store): Promise<Bouncer> {
  const key = request.headers['x-api-key'];
  if (typeof key !== 'string' || key === '') throw forbidden();
  const hash = hashApiKey(key);
  const sharing = (await store.bouncers.withKey(hash)).filter((bouncer) => !bouncer.revoked);
  if (sharing.length === 0) throw forbidden();
  if (request.method === 'HEAD') return sharing[0];
  const address = request.clientAddress;
  const bouncer = sharing.find((candidate) => candidate.ipAddress === address)
    ?? (sharing.length === 1 && sharing[0].ipAddress === '' ? sharing[0] : undefined)
    ?? await addFor(sharing, hash, address, store);
  return record(bouncer, request, address, store);
}

async function authenticateByName(commonName: string, request: FastifyRequest, store: Store): Promise<Bouncer> {
  const address = request.clientAddress;
  const name = `${commonName}@${address}`;
  const bouncer = await store.bouncers.get(name) ?? await addCertified(commonName, name, address, store);
  if (bouncer.revoked || bouncer.authType !== 'tls') throw forbidden();
  return request.method === 'HEAD' ? bouncer : record(bouncer, request, address, store);
}

async function addCertified(commonName: string, name: string, address: string, store: Store): Promise<Bouncer> {
  const count = (await store.bouncers.list()).filter((bouncer) => bouncer.name.startsWith(`${commonName}@`)).length;
  if (count >= lapiLimits.rowsPerCertificateMax) throw forbidden();
  // The key of the row is known to nobody. Another request may have been first.
  const added = await store.bouncers.add({ name, keyHash: hashApiKey(generateApiKey()), ipAddress: address,
    isAutoCreated: true, authType: 'tls' }) ?? await store.bouncers.get(name);
  if (added === null) throw forbidden();
  return added;
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
