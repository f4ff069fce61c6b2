// Which addresses are to be banned until when: all decisions in force, merged by address, the longest wins. Pure: time
// comes in, changes come out in pieces. Not what the kernel holds: that is what was handed out.

import { bouncerLimits } from './limits.js';
import { addressOf, boundsOf, families, type AddressKey, type FamilyNumber } from './family.js';
import type { SetChange } from './backend.js';
import type { Ban } from './decision.js';
import { noElements, packAddresses, packRanges, setKey, type SetId } from './element-list.js';
import { ExpiryHeap } from './expiry-heap.js';
import { RangeSet } from './range-set.js';
import { IpPrefix } from '../ts/util/ip.js';

/** All that is known of one address. */
interface Entry {
  readonly family: FamilyNumber;
  readonly key: AddressKey;
  /** One mostly; several decisions of one address stand side by side. */
  bans: readonly Ban[];
  /** What the kernel was told last. */
  appliedGroup: string | null;
  appliedUntilMs: number;
}

/** Ranges of one set: each decision counts, the last end of a network is enforced. */
interface RangeGroup {
  readonly id: SetId;
  readonly bans: Map<string, readonly Ban[]>;
  readonly ranges: RangeSet;
}

/** Origins whose bans come in bulk wait behind the others. */
const bulkGroup = /^(lists|CAPI|crowdsec-?blocklist)/i;

/** The wanted state. */
export class WantedState {
  readonly #bans = new Map<number, Ban>();
  readonly #entries: Readonly<Record<FamilyNumber, Map<AddressKey, Entry>>> = { 4: new Map(), 6: new Map() };
  readonly #ranges = new Map<string, RangeGroup>();
  readonly #expiry = new ExpiryHeap();
  readonly #changed = new Set<Entry>();
  readonly #changedBulk = new Set<Entry>();
  readonly #groups = new Set<string>();
  /** Sets whose content in the kernel is not known. */
  readonly #unknown = new Map<string, SetId>();

  /** Decisions in force. */
  get size(): number {
    return this.#bans.size;
  }

  /** The decisions in force. */
  bans(): readonly Ban[] {
    return [...this.#bans.values()];
  }

  /** Takes a decision in, or a new end of a known one. */
  add(ban: Ban): void {
    const known = this.#bans.get(ban.id);
    if (known !== undefined && isSame(known, ban)) return;
    if (known !== undefined) this.remove(ban.id);
    const stored = this.#withGroup(ban);
    this.#bans.set(ban.id, stored);
    this.#expiry.push(stored);
    this.#place(stored, (bans) => [...bans, stored]);
  }

  /** Takes a decision out; an unknown one is no matter. */
  remove(id: number): void {
    const ban = this.#bans.get(id);
    if (ban === undefined) return;
    this.#bans.delete(id);
    this.#place(ban, (bans) => bans.filter((other) => other.id !== id));
  }

  /** Takes out what has ended. The kernel drops it by itself. */
  expire(nowMs: number): number {
    let count = 0;
    for (const ban of this.#expiry.takeUntil(nowMs)) {
      if (this.#bans.get(ban.id) !== ban) continue;
      this.remove(ban.id);
      count++;
    }
    return count;
  }

  /** When something ends next, or null. */
  get nextEndMs(): number | null {
    return this.#expiry.nextMs;
  }

  /** The kernel's content of a set is not known any more: it is handed out whole next. */
  forget(set: SetId): void {
    this.#unknown.set(setKey(set), set);
  }

  /** As `forget`, for every set there is. */
  forgetAll(): void {
    for (const set of this.sets()) this.forget(set);
  }

  /** Sets with or without bans that were ever handed out or are to be. */
  sets(): SetId[] {
    const families = [4, 6] as const;
    const addresses = families.flatMap((family) => [...this.#groups].map((group): SetId =>
      ({ family, kind: 'address', group })));
    return [...addresses, ...[...this.#ranges.values()].map(({ id }) => id)];
  }

  /** Whether changes wait. */
  get isChanged(): boolean {
    return this.#unknown.size + this.#changed.size + this.#changedBulk.size > 0
      || [...this.#ranges.values()].some(({ ranges }) => ranges.isChanged);
  }

  /**
   * Hands out the next changes, of bounded size except for whole sets: unknown sets first, then bans of our own engines,
   * then ranges, then bulk. Adds come before deletes, so that an address that moves between sets is never free.
   */
  take(nowMs: number): SetChange[] {
    const [unknown] = this.#unknown.values();
    if (unknown !== undefined) {
      this.#unknown.delete(setKey(unknown));
      return [this.#whole(unknown, nowMs)];
    }
    const queue = this.#changed.size > 0 ? this.#changed : null;
    if (queue === null) {
      const ranges = [...this.#ranges.values()].find((group) => group.ranges.isChanged);
      if (ranges !== undefined) return [rangeChange(ranges, nowMs)];
    }
    const taken: Entry[] = [];
    for (const entry of queue ?? this.#changedBulk) {
      if (taken.length === bouncerLimits.batchElementsMax) break;
      taken.push(entry);
    }
    for (const entry of taken) (queue ?? this.#changedBulk).delete(entry);
    return this.#addressChanges(taken, nowMs);
  }

  /** Decisions in force by group and family. */
  counts(): Map<string, { readonly group: string; readonly family: FamilyNumber; count: number }> {
    const counts = new Map<string, { group: string; family: FamilyNumber; count: number }>();
    for (const { group, family } of this.#bans.values()) {
      const key = `${family}/${group}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { group, family, count: 1 });
      else known.count++;
    }
    return counts;
  }

  /** Origins beyond the maximum share a set. */
  #withGroup(ban: Ban): Ban {
    if (this.#groups.has(ban.group)) return ban;
    if (this.#groups.size >= bouncerLimits.originsMax) return this.#withGroup({ ...ban, group: 'others' });
    this.#groups.add(ban.group);
    return ban;
  }

  #place(ban: Ban, edit: (bans: readonly Ban[]) => readonly Ban[]): void {
    if (ban.bits !== null) this.#placeRange(ban, edit);
    else this.#placeAddress(ban, edit);
  }

  #placeAddress(ban: Ban, edit: (bans: readonly Ban[]) => readonly Ban[]): void {
    const entries = this.#entries[ban.family];
    let entry = entries.get(ban.key);
    if (entry === undefined) {
      entry = { family: ban.family, key: ban.key, bans: [], appliedGroup: null, appliedUntilMs: 0 };
      entries.set(ban.key, entry);
    }
    entry.bans = edit(entry.bans);
    if (bulkGroup.test(ban.group) && !this.#changed.has(entry)) {
      this.#changedBulk.add(entry);
      return;
    }
    this.#changedBulk.delete(entry);
    this.#changed.add(entry);
  }

  #placeRange(ban: Ban, edit: (bans: readonly Ban[]) => readonly Ban[]): void {
    const id: SetId = { family: ban.family, kind: 'range', group: ban.group };
    let group = this.#ranges.get(setKey(id));
    if (group === undefined) {
      group = { id, bans: new Map(), ranges: new RangeSet() };
      this.#ranges.set(setKey(id), group);
    }
    const { first, last } = boundsOf(new IpPrefix(addressOf(ban.key), ban.bits!));
    const key = `${first}-${last}`;
    const bans = edit(group.bans.get(key) ?? []);
    if (bans.length === 0) group.bans.delete(key);
    else group.bans.set(key, bans);
    group.ranges.set(first, last, bans.length === 0 ? null : longest(bans).untilMs);
  }

  #addressChanges(entries: readonly Entry[], nowMs: number): SetChange[] {
    const changes = new Map<string, { set: SetId; adds: Entry[]; deletes: Entry[] }>();
    const changeOf = (family: FamilyNumber, group: string) => {
      const set: SetId = { family, kind: 'address', group };
      const key = setKey(set);
      if (!changes.has(key)) changes.set(key, { set, adds: [], deletes: [] });
      return changes.get(key)!;
    };
    for (const entry of entries) {
      const { family, bans, appliedGroup } = entry;
      const wanted = bans.length === 0 ? null : longest(bans);
      const isHeld = appliedGroup !== null && entry.appliedUntilMs > nowMs;
      const isSet = wanted !== null && (!isHeld || wanted.group !== appliedGroup
        || wanted.untilMs !== entry.appliedUntilMs);
      if (isHeld && (wanted === null || isSet)) changeOf(family, appliedGroup).deletes.push(entry);
      if (isSet) changeOf(family, wanted.group).adds.push(entry);
      entry.appliedGroup = wanted?.group ?? null;
      entry.appliedUntilMs = wanted?.untilMs ?? 0;
      if (wanted === null) this.#entries[family].delete(entry.key);
    }
    return [...changes.values()].map(({ set, adds, deletes }): SetChange => ({ set, isReplacement: false,
      adds: packEntries(set, adds), deletes: packEntries(set, deletes) }))
      .sort((a, b) => Math.sign(b.adds.count) - Math.sign(a.adds.count) || a.deletes.count - b.deletes.count);
  }

  #whole(set: SetId, nowMs: number): SetChange {
    if (set.kind !== 'address') {
      const intervals = this.#ranges.get(setKey(set))?.ranges.takeAll() ?? [];
      return { set, isReplacement: true, deletes: noElements,
        adds: packRanges(families[set.family], intervals.filter(({ untilMs }) => untilMs > nowMs)) };
    }
    const adds: Entry[] = [];
    for (const entry of this.#entries[set.family].values()) {
      const wanted = entry.bans.length === 0 ? null : longest(entry.bans);
      if (wanted?.group !== set.group) {
        // What the set held of it is gone now.
        if (entry.appliedGroup === set.group) entry.appliedGroup = null;
        continue;
      }
      // Of another set it must still be taken out: that is left to its own change.
      if (entry.appliedGroup === null || entry.appliedGroup === set.group) {
        entry.appliedGroup = wanted.group;
        entry.appliedUntilMs = wanted.untilMs;
      }
      if (wanted.untilMs > nowMs) adds.push(entry);
    }
    return { set, isReplacement: true, deletes: noElements, adds: packAddresses(families[set.family],
      adds.map(({ key }) => key), adds.map(({ bans }) => longest(bans).untilMs)) };
  }
}

function packEntries({ family }: SetId, entries: readonly Entry[]) {
  return packAddresses(families[family], entries.map(({ key }) => key),
    entries.map(({ appliedUntilMs }) => appliedUntilMs));
}

function rangeChange({ id, ranges }: RangeGroup, nowMs: number): SetChange {
  const { deletes, adds } = ranges.takeChanges();
  // The kernel has dropped what ended; asking for its deletion would fail the transaction.
  return { set: id, isReplacement: false,
    deletes: packRanges(families[id.family], deletes.filter(({ untilMs }) => untilMs > nowMs)),
    adds: packRanges(families[id.family], adds.filter(({ untilMs }) => untilMs > nowMs)) };
}

function longest(bans: readonly Ban[]): Ban {
  return bans.reduce((best, ban) => (ban.untilMs > best.untilMs ? ban : best));
}

/** The same decision told again: its end differs by what a duration in whole seconds loses. */
function isSame(known: Ban, ban: Ban): boolean {
  return known.key === ban.key && known.bits === ban.bits && known.group === ban.group
    && Math.abs(known.untilMs - ban.untilMs) <= bouncerLimits.untilToleranceMs;
}
