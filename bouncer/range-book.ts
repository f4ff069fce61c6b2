// The banned ranges by set: each network with the decisions on it, the last end of which is enforced. How networks become
// intervals without overlap is range-set.ts's matter.

import type { Ban } from './decision.js';
import { setKey, type SetId } from './element-list.js';
import { boundsOf } from './family.js';
import { RangeSet } from './range-set.js';
import { IpPrefix } from '../ts/util/ip.js';

/** Ranges of one set. */
export interface RangeGroup {
  readonly id: SetId;
  readonly ranges: RangeSet;
  readonly networks: Map<string, Network>;
}

/** A network with the rows of its decisions and their ends. */
interface Network {
  readonly group: RangeGroup;
  readonly first: bigint;
  readonly last: bigint;
  readonly bans: Map<number, number>;
}

/** Networks by decision. */
export class RangeBook {
  readonly #groups = new Map<string, RangeGroup>();
  readonly #networks = new Map<number, Network>();

  groups(): Iterable<RangeGroup> {
    return this.#groups.values();
  }

  group(id: SetId): RangeGroup | undefined {
    return this.#groups.get(setKey(id));
  }

  /** A group with changes, or undefined. */
  changed(): RangeGroup | undefined {
    for (const group of this.#groups.values()) if (group.ranges.isChanged) return group;
    return undefined;
  }

  /** Whether the decision of a row stands on this network. */
  isOn(row: number, ban: Ban): boolean {
    const network = this.#networks.get(row);
    if (network === undefined || ban.bits === null || network.group.id.family !== ban.family) return false;
    const { first, last } = boundsOf(new IpPrefix(ban.address, ban.bits));
    return network.first === first && network.last === last;
  }

  add(row: number, ban: Ban, untilMs: number): void {
    const id: SetId = { family: ban.family, kind: 'range', group: ban.group };
    let group = this.group(id);
    if (group === undefined) {
      group = { id, ranges: new RangeSet(), networks: new Map() };
      this.#groups.set(setKey(id), group);
    }
    const { first, last } = boundsOf(new IpPrefix(ban.address, ban.bits!));
    let network = group.networks.get(`${first}-${last}`);
    if (network === undefined) {
      network = { group, first, last, bans: new Map() };
      group.networks.set(`${first}-${last}`, network);
    }
    network.bans.set(row, untilMs);
    this.#networks.set(row, network);
    enforce(network);
  }

  remove(row: number): void {
    const network = this.#networks.get(row)!;
    this.#networks.delete(row);
    network.bans.delete(row);
    if (network.bans.size === 0) network.group.networks.delete(`${network.first}-${network.last}`);
    enforce(network);
  }
}

function enforce({ group, first, last, bans }: Network): void {
  group.ranges.set(first, last, bans.size === 0 ? null : Math.max(...bans.values()));
}
