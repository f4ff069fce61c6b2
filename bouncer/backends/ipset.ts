// The ipset backend: sets of ipset, and in iptables mode the rules that use them. With rules of ours there are a set of
// addresses, one of ranges and one of what is never banned for each family; without, all bans are in the one set that
// rules of others name. Elements go over netlink; sets are made and swapped by the ipset program, which knows the kernel's
// revisions of their types. A set is replaced by filling another and swapping.

import { loadNftablesAddon, type NftablesAddon, type NftConnection } from '../../native/index.js';
import { BackendError, type Backend, type HeldBan, type PacketCounts, type SetChange } from '../backend.js';
import { indexOf, setKey, type ElementList, type HeldElements, type SetId } from '../element-list.js';
import { families, type FamilyNumber } from '../family.js';
import { bouncerLimits } from '../limits.js';
import { IptablesRules } from './iptables-rules.js';
import { IpsetSet, networksOf } from './ipset-set.js';
import { asking, connectNetlink, ConntrackCutter } from './netlink.js';
import type { DenyOptions } from './nftables-rules.js';
import { attempt, runProgram } from './programs.js';

export interface IpsetOptions {
  readonly families: readonly FamilyNumber[];
  /** Name of the set of all bans, or with rules of those of addresses; the others are named after it. */
  readonly sets: Readonly<Record<FamilyNumber, string>>;
  /** Elements a set can hold; it is made anew when that does not suffice. */
  readonly size: number;
  readonly chains: Readonly<Record<FamilyNumber, readonly string[]>>;
  readonly deny: DenyOptions;
  /** false: only sets (mode ipset). */
  readonly hasRules: boolean;
  readonly now?: () => number;
  readonly addon?: NftablesAddon | undefined;
}

const suffixes: Readonly<Record<SetId['kind'], string>> = { address: '', range: '-net', never: '-never' };
const spareSuffix = '-new';
const setType = 'hash:net';

/** Sets of ipset. */
export class IpsetBackend implements Backend {
  readonly name: string;
  readonly oneSet: ReadonlySet<FamilyNumber>;
  readonly #options: IpsetOptions;
  readonly #now: () => number;
  readonly #addon: NftablesAddon;
  readonly #connection: NftConnection;
  /** Looks go on beside changes. */
  readonly #looking: NftConnection;
  readonly #cutter: ConntrackCutter;
  readonly #sets: ReadonlyMap<string, IpsetSet>;
  readonly #rules: IptablesRules | null;
  /** Changes begun and ended: odd while one is under way. */
  #changes = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Ends with the look under way. */
  #look: Promise<void> = Promise.resolve();

  /** Throws a BackendError when netlink is out of reach. */
  constructor(options: IpsetOptions) {
    this.#options = options;
    this.name = options.hasRules ? 'iptables' : 'ipset';
    this.oneSet = new Set(options.hasRules ? [] : options.families);
    this.#now = options.now ?? Date.now;
    this.#addon = options.addon ?? loadNftablesAddon();
    this.#connection = connectNetlink(this.#addon);
    this.#looking = connectNetlink(this.#addon);
    this.#cutter = new ConntrackCutter(this.#addon);
    const nameOf = ({ family, kind }: SetId): string => options.sets[family] + (options.hasRules ? suffixes[kind] : '');
    const kinds: readonly SetId['kind'][] = options.hasRules ? ['address', 'range', 'never'] : ['range'];
    const ids = options.families.flatMap((family) => kinds.map((kind): SetId => ({ family, kind, group: '' })));
    this.#sets = new Map(ids.map((id) => [setKey(id), new IpsetSet(id, nameOf(id), this.#connection)]));
    this.#rules = options.hasRules ? new IptablesRules({ ...options, nameOf }) : null;
  }

  async open(): Promise<{ wasRepaired: boolean; kept: SetId[] }> {
    const kept: SetId[] = [];
    let wasRepaired = false;
    for (const set of this.#sets.values()) {
      const content = await set.read(this.#connection, false);
      if (content === null) {
        await runProgram('ipset', this.#createArgs(set, set.name, 0));
        set.begin();
        wasRepaired = true;
      } else if (content.type !== setType) {
        throw new BackendError(`set ${set.name} is of type ${content.type}; the bouncer needs ${setType} with timeouts`);
      } else if (set.id.kind !== 'never') {
        kept.push(set.id);
      }
    }
    if (this.#rules !== null) wasRepaired = await this.#rules.put() || wasRepaired;
    return { wasRepaired, kept };
  }

  async apply({ set: id, isReplacement, adds, deletes }: SetChange, nowMs: number): Promise<void> {
    const set = this.#sets.get(setKey(id));
    if (set === undefined) return;
    this.#changes++;
    try {
      if (isReplacement) await this.#replace(set, adds, nowMs);
      else await set.change(networksOf(id, deletes), networksOf(id, adds), nowMs);
    } finally {
      this.#changes++;
    }
  }

  async dump(id: SetId, nowMs: number): Promise<HeldElements> {
    const set = this.#sets.get(setKey(id));
    const content = set === undefined ? null : await set.read(this.#connection, true);
    if (content === null) throw new BackendError(`there is no set for ${setKey(id)}`);
    const { count, keys, bits, timeoutsS } = content;
    const untilMs = Float64Array.from(timeoutsS, (seconds) => (seconds === 0 ? Infinity : nowMs + 1000 * seconds));
    const { keyBytes } = families[id.family];
    const last = Uint8Array.from(keys, (byte, at) =>
      byte | (0xff >> Math.min(Math.max(bits[Math.floor(at / keyBytes)] - 8 * (at % keyBytes), 0), 8)));
    return { count, first: keys, last: id.kind === 'address' ? null : last, untilMs, sinceMs: null };
  }

  /** ipset says of one address only whether it is there; until when is known to the list alone. */
  async find(id: SetId, address: Uint8Array, nowMs: number): Promise<HeldBan | null> {
    const set = this.#sets.get(setKey(id));
    if (set === undefined || !await asking(this.#connection.testIpset(set.name, address))) return null;
    const held = await this.dump(id, nowMs);
    const index = indexOf(held, address);
    return index < 0 ? null : { sinceMs: NaN, untilMs: held.untilMs[index] };
  }

  async list(): Promise<SetId[]> {
    const found: SetId[] = [];
    for (const set of this.#sets.values()) {
      if (set.id.kind !== 'never' && await set.read(this.#connection, false) !== null) found.push(set.id);
    }
    return found;
  }

  async count(): Promise<{ dropped: PacketCounts[]; processed: PacketCounts[] }> {
    return await this.#rules?.count() ?? { dropped: [], processed: [] };
  }

  cutConnections({ family }: SetId, elements: ElementList): Promise<number> {
    return this.#cutter.cut(family, elements);
  }

  /** ipset tells nobody: sets are counted often and compared now and then; rules are heard of, or looked at as often. */
  async watch(onForeignChange: (what: string) => void): Promise<void> {
    if (this.#timer !== null) return;
    const { ipsetLookIntervalMs, ipsetLookShare, ipsetCompareRounds } = bouncerLimits;
    const again = (pauseMs: number): NodeJS.Timeout => setTimeout(() => { this.#look = look(); }, pauseMs);
    let mayRulesDiffer = true;
    const isTold = await this.#rules?.watch(this.#addon, () => { mayRulesDiffer = true; }) ?? true;
    let round = 0;
    const look = async (): Promise<void> => {
      const looksAtRules = mayRulesDiffer || !isTold;
      mayRulesDiffer = false;
      const isWhole = ++round % ipsetCompareRounds === 0;
      const startedMs = performance.now();
      let what = await this.#setFault(isWhole);
      const tookMs = isWhole ? 0 : performance.now() - startedMs;
      if (looksAtRules && await this.#rules?.areRight() === false) what ??= 'rules are missing or foreign';
      if (what !== null) onForeignChange(what);
      // Who was told replaces all; until then the next look would tell the same.
      if (what !== null) for (const set of this.#sets.values()) set.forget();
      if (this.#timer !== null) this.#timer = again(Math.max(ipsetLookIntervalMs, ipsetLookShare * tookMs));
    };
    this.#timer = again(ipsetLookIntervalMs);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#look;
    this.#rules?.close();
    this.#cutter.close();
    this.#looking.close();
    this.#connection.close();
  }

  async cleanUp(): Promise<void> {
    await this.#rules?.remove();
    for (const { name } of this.#sets.values()) {
      await attempt('ipset', ['destroy', name]);
      await attempt('ipset', ['destroy', name + spareSuffix]);
    }
  }

  async #replace(set: IpsetSet, adds: ElementList, nowMs: number): Promise<void> {
    const spare = set.name + spareSuffix;
    const networks = networksOf(set.id, adds);
    const create = this.#createArgs(set, spare, networks.count);
    if (!await attempt('ipset', create)) {
      // Left over from a life that was killed here.
      await attempt('ipset', ['destroy', spare]);
      await runProgram('ipset', create);
    }
    await set.fill(spare, networks, nowMs);
    await runProgram('ipset', ['restore'], `swap ${spare} ${set.name}\ndestroy ${spare}\n`);
  }

  /** Half as much room again as is needed, at least what is configured. */
  #createArgs({ id }: IpsetSet, name: string, count: number): string[] {
    return ['create', name, setType, 'family', id.family === 4 ? 'inet' : 'inet6', 'timeout', '0',
      'maxelem', String(Math.max(this.#options.size, Math.ceil(1.5 * count)))];
  }

  /** What is wrong with the sets, or null; beside a change of our own a look says nothing. */
  async #setFault(isWhole: boolean): Promise<string | null> {
    const before = this.#changes;
    let what: string | null = null;
    try {
      for (const set of this.#sets.values()) what ??= await set.fault(this.#looking, isWhole, this.#now);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      what = error.message;
    }
    return before === this.#changes && before % 2 === 0 ? what : null;
  }
}
