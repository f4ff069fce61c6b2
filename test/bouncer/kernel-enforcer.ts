// An enforcer over a state that a test edits, with the nftables backend on the kernel of the namespace it runs in.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Backend } from '../../bouncer/backend.js';
import { IpsetBackend } from '../../bouncer/backends/ipset.js';
import { NftablesBackend, type NftablesOptions } from '../../bouncer/backends/nftables.js';
import { readBan, type Enforcement } from '../../bouncer/decision.js';
import { textsOf, type SetId } from '../../bouncer/element-list.js';
import { Enforcer } from '../../bouncer/enforce.js';
import type { NftablesAddon } from '../../native/index.js';
import { neverRanges } from '../../bouncer/never-ban.js';
import { WantedState } from '../../bouncer/state.js';
import { silentLog } from '../../ts/config/log.js';
import { waitFor } from './wait-for.js';

const enforcement: Omit<Enforcement, 'hasOneGroup'> = { types: new Set(['ban']), families: new Set([4, 6]), widestBits: { 4: 0, 6: 0 } };

/** Both families, as the defaults are, with logging. */
export const kernelOptions: NftablesOptions = { hooks: ['input', 'forward'], deny: { isReject: false, logPrefix: 'crowdsec: ' },
  families: {
    4: { table: 'crowdsec', chain: 'crowdsec-chain', set: 'crowdsec-blacklists', priority: -10, isSetOnly: false },
    6: { table: 'crowdsec6', chain: 'crowdsec6-chain', set: 'crowdsec6-blacklists', priority: -10, isSetOnly: false } } };

/** The backend of mode iptables, or ipset without rules, for both families. */
export function ipsetBackend(hasRules: boolean, size = 131_072, isReject = false, addon?: NftablesAddon): IpsetBackend {
  const chains = ['INPUT', 'FORWARD'];
  return new IpsetBackend({ families: [4, 6], sets: { 4: 'bl', 6: 'bl6' }, size, chains: { 4: chains, 6: chains },
    deny: { isReject, logPrefix: null }, hasRules, addon });
}

/** An enforcer with its state and backend. Close it after the test. */
export class KernelEnforcer {
  readonly state = new WantedState();
  readonly backend: Backend;
  readonly enforcer: Enforcer;

  readonly #hasOneGroup: boolean;

  constructor(backend: Backend | Partial<NftablesOptions> = {}, never: readonly string[] = []) {
    const isSetOnly = !('apply' in backend) && backend.families?.[4]?.isSetOnly === true;
    this.#hasOneGroup = isSetOnly || ('apply' in backend && backend.name !== 'nftables');
    this.backend = 'apply' in backend ? backend : new NftablesBackend({ ...kernelOptions, ...backend });
    const sources = { addresses: () => [], gateways: () => [] };
    this.enforcer = new Enforcer({ backend: this.backend, state: this.state, log: silentLog, now: Date.now,
      cutsConnections: true, never: () => neverRanges(never, sources, [4, 6]), keptOut: new Set(isSetOnly || this.backend.name === 'ipset' ? [4, 6] : []) });
  }

  /** Opens the kernel's side; what is there from others goes. */
  async start(): Promise<void> {
    await this.enforcer.start();
    this.enforcer.release();
  }

  add(id: number, value: string, duration = '1h', origin = 'cscli'): void {
    const ban = readBan({ id, value, duration, origin, scenario: 's', type: 'ban', scope: 'Ip' },
      { ...enforcement, oneSet: this.backend.oneSet, hasOneGroup: this.#hasOneGroup }, Date.now());
    assert.equal(typeof ban, 'object', String(ban));
    if (typeof ban === 'object') this.state.add(id, ban);
  }

  /** Resolves when all that was changed is in the kernel, or was refused. */
  async settle(): Promise<void> {
    this.enforcer.wake();
    await this.enforcer.settled();
  }

  /** What the kernel holds, by set. */
  async held(): Promise<Record<string, string[]>> {
    const sets: Record<string, string[]> = {};
    for (const set of await this.enforcer.ask(() => this.backend.list())) {
      const list = await this.enforcer.ask(() => this.backend.dump(set, Date.now()));
      const names = [...textsOf(set.family, list).keys()].sort();
      if (names.length > 0) sets[nameOf(set)] = names;
    }
    return sets;
  }

  /** Packets that were denied, of all sets of a family. */
  async droppedPackets(family: 4 | 6): Promise<number> {
    const { dropped } = await this.enforcer.ask(() => this.backend.count());
    return dropped.filter((counts) => counts.family === family).reduce((sum, { packets }) => sum + packets, 0);
  }

  /** Waits until the kernel holds something. */
  async heals(expected: Record<string, string[]>, what: string): Promise<void> {
    let held: Record<string, string[]> = {};
    await waitFor(what, async () => {
      held = await this.held().catch((error: Error) => ({ error: [error.message] }));
      return isDeepStrictEqual(held, expected);
    }).catch(() => assert.deepEqual(held, expected, what));
  }
}

function nameOf({ family, kind, group }: SetId): string {
  return `${family}/${kind}/${group}`;
}
