// Answers why an address is banned: by the decisions of the Local API and by what the kernel holds. Asks both anew and
// changes neither, so it can be run beside a working bouncer.

import { IpPrefix, type IpAddress } from '../ts/util/ip.js';
import type { Backend, HeldBan } from './backend.js';
import type { BouncerConfig } from './config.js';
import { boundsOf } from './family.js';
import { readBan, type Enforcement, type WireDecision } from './decision.js';
import { BouncerClient } from './lapi-client.js';
import { hostSources, lapiAddresses, neverRanges } from './never-ban.js';
import type { SetId } from './element-list.js';
import { enforcementOf } from './run.js';

/** Returns the answer as lines of text. Throws E_LAPI when the Local API does not answer whole. */
export async function explainAddress(config: BouncerConfig, address: IpAddress, backend: Backend,
  now: () => number = Date.now): Promise<string> {
  const lines: string[] = [];
  const { url, key, caCertPath, certPath, keyPath, insecureSkipVerify } = config.api;
  const client = new BouncerClient({ url, apiKey: key, caCertPath, certPath, keyPath, insecureSkipVerify });
  const decisions = await client.decisionsOn(address.toString());
  const allowed = (await client.allowlisted() ?? []).flatMap(({ value }) => value ?? []);
  client.close();
  const { first: number } = boundsOf(new IpPrefix(address, address.bits));
  const never = neverRanges([...config.neverBan, ...allowed, ...await lapiAddresses(config.api.url)], hostSources, config.families);
  if (never.get(address.version)?.some(({ first, last }) => first <= number && number <= last)) {
    lines.push(`${address} is never banned (own address, gateway, Local API, never_ban or an allowlist)`);
  }
  const enforcement = enforcementOf(config, backend);
  for (const decision of decisions) lines.push(told(decision, enforcement, now()));
  if (decisions.length === 0) lines.push(`the Local API has no decision on ${address}`);
  const held = await heldBy(backend, address, now());
  for (const { set, sinceMs, untilMs } of held) {
    lines.push(`the kernel holds it as ${set.kind} of ${set.group || 'all origins'}, `
      + `${Number.isNaN(sinceMs) ? '' : `since ${new Date(sinceMs).toISOString()}, `}`
      + `until ${untilMs === Infinity ? 'it is deleted' : new Date(untilMs).toISOString()}`);
  }
  if (held.length === 0) lines.push('the kernel does not ban it');
  await backend.close();
  return `${lines.join('\n')}\n`;
}

function told(decision: WireDecision, enforcement: Enforcement, nowMs: number): string {
  const { id, type, scope, value, origin, scenario, duration } = decision;
  const ban = readBan(decision, enforcement, nowMs);
  return `decision ${id}: ${type} of ${scope} ${value} by ${origin} (${scenario}), ${duration} left`
    + `${typeof ban === 'string' && ban !== 'scope' ? `; not enforced (${ban})` : ''}`;
}

async function heldBy(backend: Backend, address: IpAddress, nowMs: number): Promise<(HeldBan & { readonly set: SetId })[]> {
  const key = Uint8Array.from(address.toBytes());
  const found: (HeldBan & { readonly set: SetId })[] = [];
  for (const set of await backend.list()) {
    const held = set.family === address.version ? await backend.find(set, key, nowMs) : null;
    if (held !== null) found.push({ set, ...held });
  }
  return found;
}
