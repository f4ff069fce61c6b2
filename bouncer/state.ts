// Which addresses are to be banned until when: all decisions in force, merged by address, the longest wins. Pure: time
// comes in, changes come out in pieces. Not what the kernel holds: that is what was handed out. Whoever calls gives each
// decision a number, its row in all columns.

import { AddressBook, none, waiting } from './address-book.js';
import type { SetChange } from './backend.js';
import { BanTable } from './ban-table.js';
import type { Ban } from './decision.js';
import { noElements, packRanges, setKey, type ElementList, type SetId } from './element-list.js';
import { families, type FamilyNumber } from './family.js';
import { bouncerLimits } from './limits.js';
import { RangeBook, type RangeGroup } from './range-book.js';
import { RowQueue } from './row-queue.js';

/** Origins whose bans come in bulk wait behind the others. */
const bulkGroup = /^(lists|CAPI|cscli-import|crowdsec-?blocklist)/i;
const familyNumbers = [4, 6] as const;

/** Decisions in force of a group and family. */
export interface ActiveCount {
  readonly group: string;
  readonly family: FamilyNumber;
  readonly count: number;
}

/** The wanted state. */
export class WantedState {
  readonly #bans = new BanTable();
  readonly #books: Readonly<Record<FamilyNumber, AddressBook>> =
    { 4: new AddressBook(families[4]), 6: new AddressBook(families[6]) };
  readonly #ranges = new RangeBook();
  readonly #first = new RowQueue();
  readonly #bulk = new RowQueue();
  /** Names by number. */
  readonly #groups: string[] = [];
  /** Decisions in force, at twice the number of a group, plus 1 for IPv6. */
  readonly #counts: number[] = [];
  /** Sets whose content in the kernel is not known. */
  readonly #unknown = new Map<string, SetId>();

  /** Decisions in force. */
  get size(): number {
    return this.#bans.size;
  }

  /** Takes a decision in, or a new end of a known one. */
  add(row: number, ban: Ban): void {
    const group = this.#groupNumber(ban.group);
    if (this.#bans.has(row)) {
      if (this.#isSame(row, ban, group)) return;
      this.#take(row);
    }
    const isAddress = ban.bits === null;
    const address = isAddress ? this.#books[ban.family].put(ban.address) : none;
    this.#bans.put(row, ban.family, group, address, ban.untilMs);
    this.#count(row, 1);
    if (isAddress) {
      const book = this.#books[ban.family];
      this.#bans.setNext(row, book.firstBan(address));
      book.setFirstBan(address, row);
      this.#await(book, address, group);
    } else {
      this.#ranges.add(row, { ...ban, group: this.#groups[group] }, ban.untilMs);
    }
  }

  /** Takes a decision out; an unknown one is no matter. */
  remove(row: number): void {
    if (this.#bans.has(row)) this.#take(row);
  }

  /** Takes out what has ended. The kernel drops it by itself. */
  expire(nowMs: number): number {
    let count = 0;
    for (let row; (row = this.#bans.endedBy(nowMs)) >= 0; count++) this.#take(row);
    return count;
  }

  /** When something ends next, or null. */
  get nextEndMs(): number | null {
    return this.#bans.nextEndMs;
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
    const addresses = familyNumbers.flatMap((family) =>
      this.#groups.map((group): SetId => ({ family, kind: 'address', group })));
    return [...addresses, ...[...this.#ranges.groups()].map(({ id }) => id)];
  }

  /** Whether changes wait. */
  get isChanged(): boolean {
    return this.#unknown.size > 0 || !this.#first.isEmpty || !this.#bulk.isEmpty || this.#ranges.changed() !== undefined;
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
    const ranges = this.#first.isEmpty ? this.#ranges.changed() : undefined;
    if (ranges !== undefined) return [rangeChange(ranges, nowMs)];
    return this.#addressChanges(this.#first.isEmpty ? this.#bulk : this.#first, nowMs);
  }

  /** Decisions in force by group and family. */
  counts(): ActiveCount[] {
    return this.#counts
      .map((count, at): ActiveCount => ({ group: this.#groups[at >> 1], family: at % 2 === 0 ? 4 : 6, count }))
      .filter(({ count }) => count > 0);
  }

  #take(row: number): void {
    this.#count(row, -1);
    const address = this.#bans.address(row);
    if (address === none) {
      this.#ranges.remove(row);
    } else {
      const book = this.#books[this.#bans.family(row)];
      const first = book.firstBan(address);
      const next = this.#bans.next(row);
      if (first === row) book.setFirstBan(address, next);
      else {
        let before = first;
        while (this.#bans.next(before) !== row) before = this.#bans.next(before);
        this.#bans.setNext(before, next);
      }
      this.#await(book, address, this.#bans.group(row));
    }
    this.#bans.remove(row);
  }

  /** The same decision told again: its end differs by what a duration in whole seconds loses. */
  #isSame(row: number, ban: Ban, group: number): boolean {
    if (this.#bans.group(row) !== group || this.#bans.family(row) !== ban.family
      || Math.abs(this.#bans.untilMs(row) - ban.untilMs) > bouncerLimits.untilToleranceMs) return false;
    const address = this.#bans.address(row);
    return address === none ? this.#ranges.isOn(row, ban)
      : ban.bits === null && this.#books[ban.family].find(ban.address) === address;
  }

  /** Origins beyond the maximum share a set. */
  #groupNumber(name: string): number {
    const known = this.#groups.indexOf(name);
    if (known >= 0) return known;
    if (this.#groups.length >= bouncerLimits.originsMax && name !== 'others') return this.#groupNumber('others');
    this.#counts.push(0, 0);
    return this.#groups.push(name) - 1;
  }

  #count(row: number, change: 1 | -1): void {
    this.#counts[2 * this.#bans.group(row) + Number(this.#bans.family(row) === 6)] += change;
  }

  #await(book: AddressBook, address: number, group: number): void {
    const how = book.waiting(address);
    if (how === waiting.first) return;
    const isBulk = bulkGroup.test(this.#groups[group]);
    if (isBulk && how === waiting.inBulk) return;
    book.setWaiting(address, isBulk ? waiting.inBulk : waiting.first);
    // One that waited in bulk stays there too, and is passed over.
    (isBulk ? this.#bulk : this.#first).push(2 * address + Number(book.family.number === 6));
  }

  /** The decision on an address that ends last, or `none`. */
  #longest(book: AddressBook, address: number): number {
    let best: number = none;
    for (let row = book.firstBan(address); row !== none; row = this.#bans.next(row)) {
      if (best === none || this.#bans.untilMs(row) > this.#bans.untilMs(best)) best = row;
    }
    return best;
  }

  #addressChanges(queue: RowQueue, nowMs: number): SetChange[] {
    const how = queue === this.#first ? waiting.first : waiting.inBulk;
    const changes = new ChangedSets();
    const over: [AddressBook, number][] = [];
    for (let count = 0; count < bouncerLimits.batchElementsMax && !queue.isEmpty;) {
      const taken = queue.shift();
      const book = this.#books[taken % 2 === 0 ? 4 : 6];
      const address = taken >> 1;
      if (book.waiting(address) !== how) continue;
      count++;
      book.setWaiting(address, waiting.not);
      const wanted = this.#longest(book, address);
      const group = wanted === none ? none : this.#bans.group(wanted);
      const untilMs = wanted === none ? 0 : this.#bans.untilMs(wanted);
      const applied = book.appliedGroup(address);
      const isHeld = applied !== none && book.appliedUntilMs(address) > nowMs;
      const isSet = wanted !== none && (!isHeld || group !== applied || untilMs !== book.appliedUntilMs(address));
      if (isHeld && (wanted === none || isSet)) changes.of(book, applied).deletes.push(address);
      if (isSet) changes.of(book, group).adds.push(address);
      book.setApplied(address, group, untilMs);
      if (wanted === none) over.push([book, address]);
    }
    const packed = changes.packed(this.#groups);
    for (const [book, address] of over) book.remove(address);
    return packed;
  }

  #whole(set: SetId, nowMs: number): SetChange {
    const isReplacement = true;
    if (set.kind !== 'address') {
      const intervals = this.#ranges.group(set)?.ranges.takeAll() ?? [];
      return { set, isReplacement, deletes: noElements,
        adds: packRanges(families[set.family], intervals.filter(({ untilMs }) => untilMs > nowMs)) };
    }
    const book = this.#books[set.family];
    const own = this.#groups.indexOf(set.group);
    const adds: number[] = [];
    const ends: number[] = [];
    for (const address of book.rows()) {
      const wanted = this.#longest(book, address);
      const applied = book.appliedGroup(address);
      if (wanted === none || this.#bans.group(wanted) !== own) {
        // What the set held of it is gone now.
        if (applied === own) book.setApplied(address, none, 0);
        continue;
      }
      const untilMs = this.#bans.untilMs(wanted);
      // Of another set it must still be taken out: that is left to its own change.
      if (applied === none || applied === own) book.setApplied(address, own, untilMs);
      if (untilMs <= nowMs) continue;
      adds.push(address);
      ends.push(untilMs);
    }
    return { set, isReplacement, deletes: noElements, adds: pack(book, adds, ends) };
  }
}

/** Changed addresses by the set they are in. */
class ChangedSets {
  readonly #sets = new Map<number, { book: AddressBook; group: number; adds: number[]; deletes: number[] }>();

  of(book: AddressBook, group: number): { readonly adds: number[]; readonly deletes: number[] } {
    const key = 2 * group + Number(book.family.number === 6);
    let known = this.#sets.get(key);
    if (known === undefined) this.#sets.set(key, known = { book, group, adds: [], deletes: [] });
    return known;
  }

  /** As changes, those that add first. */
  packed(groups: readonly string[]): SetChange[] {
    return [...this.#sets.values()].map(({ book, group, adds, deletes }): SetChange => ({
      set: { family: book.family.number, kind: 'address', group: groups[group] }, isReplacement: false,
      adds: pack(book, adds, adds.map((address) => book.appliedUntilMs(address))),
      deletes: pack(book, deletes, deletes.map(() => 0)) }))
      .sort((a, b) => Math.sign(b.adds.count) - Math.sign(a.adds.count) || a.deletes.count - b.deletes.count);
  }
}

function pack(book: AddressBook, addresses: readonly number[], untilMs: readonly number[]): ElementList {
  const { keyBytes } = book.family;
  const first = new Uint8Array(addresses.length * keyBytes);
  for (let index = 0; index < addresses.length; index++) book.write(addresses[index], first, index * keyBytes);
  return { count: addresses.length, first, last: null, untilMs: Float64Array.from(untilMs) };
}

function rangeChange({ id, ranges }: RangeGroup, nowMs: number): SetChange {
  const { deletes, adds } = ranges.takeChanges();
  // The kernel has dropped what ended; asking for its deletion would fail the transaction.
  return { set: id, isReplacement: false,
    deletes: packRanges(families[id.family], deletes.filter(({ untilMs }) => untilMs > nowMs)),
    adds: packRanges(families[id.family], adds.filter(({ untilMs }) => untilMs > nowMs)) };
}
