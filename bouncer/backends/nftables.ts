// The nftables backend: a table of ours for each family, a chain at each hook, a set for each origin. Everything goes
// over netlink in transactions; a change of a set holds whole or not at all. In set-only mode there are sets and nothing
// else: the rules are the administrator's, and name one set. It has single addresses and ranges, unless it was made without the
// flag for intervals; ranges are in a set beside it then.

import { loadNftablesAddon, setFlag, type NftablesAddon, type NftBatch, type NftConnection, type NftMonitor,
  type NftObject } from '../../native/index.js';
import { BackendError, type Backend, type HeldBan, type PacketCounts, type SetChange } from '../backend.js';
import { setKey, type ElementList, type HeldElements, type SetId } from '../element-list.js';
import { families, type Family, type FamilyNumber } from '../family.js';
import { asking, connectNetlink, ConntrackCutter, guard } from './netlink.js';
import { deleteAction, putElements, readElements } from './nftables-elements.js';
import { chainName, flagsOf, hookNumbers, idOf, isChainRight, nameOf, sortSets, type HookName,
  type NftablesFamily } from './nftables-names.js';
import { areRulesRight, denyRules, headRules, tag, type DenyOptions, type TaggedRule } from './nftables-rules.js';

export interface NftablesOptions {
  /** Families that are not here are left alone. */
  readonly families: Readonly<Partial<Record<FamilyNumber, NftablesFamily>>>;
  readonly hooks: readonly HookName[];
  readonly deny: DenyOptions;
  readonly addon?: NftablesAddon;
}

const errnoNames: Readonly<Record<number, string>> = { 1: 'EPERM', 2: 'ENOENT', 12: 'ENOMEM', 16: 'EBUSY', 17: 'EEXIST',
  22: 'EINVAL', 23: 'ENFILE', 39: 'ENOTEMPTY', 95: 'EOPNOTSUPP', 105: 'ENOBUFS' };
/** nf_tables over netlink. */
export class NftablesBackend implements Backend {
  readonly name = 'nftables';
  /** Decided when a family is opened first, for the wanted state is split accordingly. */
  readonly oneSet = new Set<FamilyNumber>();
  readonly #options: NftablesOptions;
  readonly #opened = new Set<FamilyNumber>();
  readonly #addon: NftablesAddon;
  readonly #connection: NftConnection;
  readonly #cutter: ConntrackCutter;
  #monitor: NftMonitor | null = null;
  /** Sets that are in the kernel, with their rules. */
  #sets = new Map<string, SetId>();
  #canDestroy: boolean | null = null;
  /** What the kernel's count of transactions is, as long as they are all ours. */
  #ownGeneration = 0;

  /** Throws a BackendError when netlink is out of reach. */
  constructor(options: NftablesOptions) {
    this.#options = options;
    this.#addon = options.addon ?? loadNftablesAddon();
    this.#connection = connectNetlink(this.#addon);
    this.#cutter = new ConntrackCutter(this.#addon);
  }

  async open(): Promise<{ wasRepaired: boolean; kept: SetId[] }> {
    let wasRepaired = false;
    this.#ownGeneration = await this.#generation();
    this.#sets = new Map();
    for (const [family, names] of this.#families()) wasRepaired = await this.#openFamily(family, names) || wasRepaired;
    this.#canDestroy ??= await this.#probeDestroy();
    return { wasRepaired, kept: [...this.#sets.values()].filter(({ kind }) => kind !== 'never') };
  }

  async apply({ set, isReplacement, adds, deletes }: SetChange, nowMs: number): Promise<void> {
    const names = this.#namesOf(set.family);
    // Where there is one set, its single addresses come as ranges, and the set that would have them is not there.
    if (names === undefined || (names.hasOneSet === true && set.kind !== 'range')) return;
    const family = families[set.family];
    const name = nameOf(set, names);
    const batch = new this.#addon.Batch();
    const isNew = !this.#sets.has(setKey(set));
    if (isNew) this.#putSet(batch, family, names, set);
    if (isReplacement && !isNew) batch.flushSet(family.protocol, names.table, name);
    if (deletes.count > 0) {
      putElements(batch, family, names.table, name, deleteAction(this.#canDestroy === true), deletes, null);
    }
    if (adds.count > 0) putElements(batch, family, names.table, name, 0, adds, nowMs);
    await this.#commit(batch, name);
    this.#sets.set(setKey(set), set);
  }

  async dump(set: SetId, nowMs: number): Promise<HeldElements> {
    const family = families[set.family];
    const names = this.#namesOf(set.family);
    if (names === undefined) throw new BackendError(`family ${set.family} is not enforced`);
    const dumped = await asking(this.#connection.listElements(family.protocol, names.table, nameOf(set, names),
      family.keyBytes));
    return readElements(family, dumped, set.kind !== 'address', nowMs);
  }

  async find(set: SetId, address: Uint8Array, nowMs: number): Promise<HeldBan | null> {
    const family = families[set.family];
    const names = this.#namesOf(set.family);
    if (names === undefined) return null;
    const found = await asking(this.#connection.findElement(family.protocol, names.table, nameOf(set, names), address));
    if (found.count === 0) return null;
    const { untilMs, sinceMs } = readElements(family, found, false, nowMs);
    return { sinceMs: sinceMs?.[0] ?? NaN, untilMs: untilMs[0] };
  }

  async list(): Promise<SetId[]> {
    const found: SetId[] = [];
    for (const [family, known] of this.#families()) {
      if (!(await this.#list('table', family)).some(({ table }) => table === known.table)) continue;
      const sets = await this.#list('set', family, known.table);
      this.#decide(family, known, sets);
      found.push(...sortSets(sets, family, this.#namesOf(family.number)!).usable);
    }
    return found.filter(({ kind }) => kind !== 'never');
  }

  async count(): Promise<{ dropped: PacketCounts[]; processed: PacketCounts[] }> {
    const dropped: PacketCounts[] = [];
    const processed: PacketCounts[] = [];
    for (const [family, names] of this.#families()) {
      for (const rule of await this.#list('rule', family, names.table)) {
        const counts = { family: family.number, packets: rule.packets, bytes: rule.bytes };
        if (rule.comment === `${tag} processed`) processed.push({ ...counts, group: '' });
        const set = rule.comment.startsWith(`${tag} deny `) ? idOf(rule.comment.slice(tag.length + 6), family, names)
          : null;
        if (set !== null) dropped.push({ ...counts, group: set.group });
      }
    }
    return { dropped, processed };
  }

  cutConnections({ family }: SetId, elements: ElementList): Promise<number> {
    return this.#cutter.cut(family, elements);
  }

  async watch(onForeignChange: (what: string) => void): Promise<void> {
    this.#monitor?.close();
    this.#monitor = guard(() => new this.#addon.Monitor(this.#connection.port, (changes, wasLost) => {
      const ours = changes.find((change) => this.#families().some(([family, names]) =>
        family.protocol === change.family && names.table === change.table && this.#concerns(change, names)));
      if (ours !== undefined) onForeignChange(`${ours.isDelete ? 'deleted' : 'added'} ${ours.kind} ${ours.name}`.trim());
      else if (wasLost) onForeignChange('news were lost');
    }));
    if (await this.#generation() !== this.#ownGeneration) onForeignChange('transactions of others before the watch');
  }

  async close(): Promise<void> {
    this.#monitor?.close();
    this.#monitor = null;
    this.#connection.close();
    this.#cutter.close();
  }

  async cleanUp(): Promise<void> {
    for (const [family, names] of this.#families()) {
      const sets = await this.#list('set', family, names.table);
      const tables = (await this.#list('table', family)).some(({ table }) => table === names.table);
      if (!tables) continue;
      const batch = new this.#addon.Batch();
      if (!names.isSetOnly) batch.deleteTable(family.protocol, names.table);
      for (const { name } of names.isSetOnly ? sets : []) {
        if (idOf(name, family, names) !== null) batch.flushSet(family.protocol, names.table, name);
      }
      await this.#commit(batch, names.table);
    }
  }

  /** Makes one family what it should be, in one transaction. Resolves to whether anything had to be done. */
  async #openFamily(family: Family, known: NftablesFamily): Promise<boolean> {
    const batch = new this.#addon.Batch();
    const { protocol } = family;
    const hasTable = (await this.#list('table', family)).some(({ table }) => table === known.table);
    if (!hasTable) batch.addTable(protocol, known.table);
    const sets = hasTable ? await this.#list('set', family, known.table) : [];
    this.#decide(family, known, sets);
    const names = this.#namesOf(family.number)!;
    const chains = hasTable ? await this.#list('chain', family, names.table) : [];
    const rules = hasTable ? await this.#list('rule', family, names.table) : [];
    const { usable, foreign } = sortSets(sets, family, names);
    for (const set of usable) this.#sets.set(setKey(set), set);
    if (names.isSetOnly) {
      if (foreign.length > 0) throw new BackendError(`set ${foreign[0].name} of table ${names.table} has other flags than `
        + 'a set of bans needs (type of the family, timeout; interval as it was when the bouncer started)');
      const main: SetId = { family: family.number, kind: names.hasOneSet === true ? 'range' : 'address', group: '' };
      // There before the first ban, for rules to name it.
      if (!this.#sets.has(setKey(main))) this.#addSet(batch, family, names, main);
      this.#sets.set(setKey(main), main);
    } else {
      const never: SetId = { family: family.number, kind: 'never', group: '' };
      // Sets that are not usable can only go when no rule names them any more: rules first.
      const wanted = this.#wantedRules(family, names);
      const isRightly = foreign.length === 0 && this.#options.hooks.every((hook) => isChainRight(hook, names, chains)
        && areRulesRight(wanted, rules.filter(({ name }) => name === chainName(hook, names))));
      if (!isRightly) this.#rebuild(batch, family, names, { chains, foreign, wanted });
      this.#sets.set(setKey(never), never);
    }
    if (batch.messageCount === 0) return false;
    await this.#commit(batch, names.table);
    return true;
  }

  /** Chains and rules anew, sets with their bans kept. */
  #rebuild(batch: NftBatch, family: Family, names: NftablesFamily, found: { chains: readonly NftObject[];
    foreign: readonly NftObject[]; wanted: readonly TaggedRule[] }): void {
    const { protocol } = family;
    const never: SetId = { family: family.number, kind: 'never', group: '' };
    if (!this.#sets.has(setKey(never))) this.#addSet(batch, family, names, never);
    for (const chain of found.chains) batch.deleteRules(protocol, names.table, chain.name);
    const kept = this.#options.hooks.filter((hook) => isChainRight(hook, names, found.chains))
      .map((hook) => chainName(hook, names));
    for (const chain of found.chains) {
      if (!kept.includes(chain.name)) batch.deleteChain(protocol, names.table, chain.name);
    }
    for (const set of found.foreign) batch.deleteSet(protocol, names.table, set.name);
    for (const hook of this.#options.hooks) {
      const chain = chainName(hook, names);
      if (!kept.includes(chain)) batch.addChain(protocol, names.table, chain, hookNumbers[hook], names.priority);
      for (const rule of found.wanted) batch.addRule(protocol, names.table, chain, rule.expressions, rule.comment);
    }
  }

  #wantedRules(family: Family, names: NftablesFamily): TaggedRule[] {
    const own = [...this.#sets.values()].filter((set) => set.family === family.number && set.kind !== 'never');
    return [...headRules(family, nameOf({ family: family.number, kind: 'never', group: '' }, names)),
      ...own.flatMap((set) => denyRules(family, nameOf(set, names), this.#options.deny))];
  }

  /** A set and, at the end of each chain, the rules that deny what is in it. */
  #putSet(batch: NftBatch, family: Family, names: NftablesFamily, set: SetId): void {
    this.#addSet(batch, family, names, set);
    if (names.isSetOnly) return;
    for (const hook of this.#options.hooks) {
      for (const rule of denyRules(family, nameOf(set, names), this.#options.deny)) {
        batch.addRule(family.protocol, names.table, chainName(hook, names), rule.expressions, rule.comment);
      }
    }
  }

  #addSet(batch: NftBatch, family: Family, names: NftablesFamily, set: SetId): void {
    batch.addSet(family.protocol, names.table, nameOf(set, names), family.keyType, family.keyBytes, flagsOf(set));
  }

  /** Whether the kernel can delete without complaining about what is gone (Linux 6.3). */
  async #probeDestroy(): Promise<boolean> {
    const [set] = this.#sets.values();
    const names = set === undefined ? undefined : this.#namesOf(set.family);
    if (set === undefined || names === undefined) return false;
    const family = families[set.family];
    const batch = new this.#addon.Batch();
    // Of the set that is asked about, an address nobody bans: nothing is sent from 0.0.0.1 or ::1 to the network.
    const key = new Uint8Array(family.keyBytes);
    key[family.keyBytes - 1] = 1;
    batch.putElements(family.protocol, names.table, nameOf(set, names), deleteAction(true), 1, family.keyBytes, key);
    return (await asking(this.#connection.commit(batch.bytes(), batch.messageCount))).length === 0;
  }

  /** Until there are notifications, counts our own transactions: one that changed nothing counts nothing. */
  async #follow(): Promise<void> {
    if (this.#monitor !== null) return;
    const generation = await this.#generation();
    if (generation === nextGeneration(this.#ownGeneration)) this.#ownGeneration = generation;
  }

  #generation(): Promise<number> {
    return asking(this.#connection.generation());
  }

  async #commit(batch: NftBatch, what: string): Promise<void> {
    if (batch.messageCount === 0) return;
    const failures = await asking(this.#connection.commit(batch.bytes(), batch.messageCount));
    if (failures.length === 0) return this.#follow();
    const [message, errno, offset] = failures;
    const element = batch.locate(message, offset);
    throw new BackendError(`${what}: the kernel refused message ${message} of ${batch.messageCount}`
      + `${element < 0 ? '' : `, element ${element}`}: ${errnoNames[errno] ?? `errno ${errno}`}`);
  }

  async #list(kind: 'table' | 'chain' | 'rule' | 'set', family: Family, table?: string): Promise<NftObject[]> {
    return asking(this.#connection.listObjects(kind, family.protocol, table));
  }

  /** In set-only mode: whether the set that is there, or is to be made, has ranges too. */
  #decide(family: Family, names: NftablesFamily, sets: readonly NftObject[]): void {
    if (!names.isSetOnly || this.#opened.has(family.number)) return;
    this.#opened.add(family.number);
    const flags = sets.find(({ name }) => name === names.set)?.flags ?? setFlag.interval;
    if ((flags & setFlag.interval) !== 0) this.oneSet.add(family.number);
  }

  #namesOf(family: FamilyNumber): NftablesFamily | undefined {
    const names = this.#options.families[family];
    return names === undefined ? undefined : { ...names, hasOneSet: this.oneSet.has(family) };
  }

  #families(): [Family, NftablesFamily][] {
    return ([4, 6] as const).flatMap((number): [Family, NftablesFamily][] => {
      const names = this.#namesOf(number);
      return names === undefined ? [] : [[families[number], names]];
    });
  }

  /** In set-only mode the table has more than ours. */
  #concerns(change: NftObject, names: NftablesFamily): boolean {
    if (change.kind === 'table' || !names.isSetOnly) return true;
    return (change.kind === 'set' || change.kind === 'elements')
      && idOf(change.name, families[change.family === 2 ? 4 : 6], names) !== null;
  }
}

/** The kernel's count has 32 bits and leaves out 0. */
function nextGeneration(generation: number): number {
  return (generation + 1) >>> 0 || 1;
}
