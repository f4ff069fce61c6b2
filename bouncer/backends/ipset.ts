// The ipset backend: sets of the ipset program, and in iptables mode the rules that use them. Programs are run by argv
// with their input on a pipe, never through a shell. One set of addresses and one of ranges for each family; a set is
// replaced by filling another and swapping. There are no notifications: rules are looked at every few seconds.

import { spawn } from 'node:child_process';
import { cidrsOf } from '../../ts/util/cidr.js';
import { ipFromBigInt } from '../../ts/util/ip.js';
import { BackendError, type Backend, type PacketCounts, type SetChange } from '../backend.js';
import type { ElementList, SetId } from '../element-list.js';
import { families, type FamilyNumber } from '../family.js';
import { prefixOf } from '../never-ban.js';
import type { DenyOptions } from './nftables-rules.js';

export interface IpsetOptions {
  readonly families: readonly FamilyNumber[];
  /** Name of the set of addresses; the others are named after it. */
  readonly sets: Readonly<Record<FamilyNumber, string>>;
  /** Elements a set can hold. */
  readonly size: number;
  readonly chains: Readonly<Record<FamilyNumber, readonly string[]>>;
  readonly deny: DenyOptions;
  /** false: only sets (mode ipset). */
  readonly hasRules: boolean;
}

const suffixes: Readonly<Record<SetId['kind'], string>> = { address: '', range: '-net', never: '-never' };
const spareSuffix = '-new';
/** The program's limit, 2^31 milliseconds in seconds. */
const timeoutSecondsMax = 2_147_483;
const chainName = 'CROWDSEC_CHAIN';
const lookIntervalMs = 5_000;
const programs: Readonly<Record<FamilyNumber, string>> = { 4: 'iptables', 6: 'ip6tables' };

/** Sets of ipset. */
export class IpsetBackend implements Backend {
  readonly name: string;
  readonly #options: IpsetOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: IpsetOptions) {
    this.#options = options;
    this.name = options.hasRules ? 'iptables' : 'ipset';
  }

  async open(): Promise<{ wasRepaired: boolean; kept: SetId[] }> {
    const there = new Set((await run('ipset', ['list', '-name'])).split('\n'));
    const all = this.#ids();
    const kept = all.filter((id) => there.has(this.#nameOf(id)) && id.kind !== 'never');
    const missing = all.filter((id) => !there.has(this.#nameOf(id)));
    if (missing.length > 0) await restore(missing.map((id) => this.#createLine(id, this.#nameOf(id))));
    let wasRepaired = missing.length > 0;
    for (const family of this.#options.hasRules ? this.#options.families : []) {
      if (await this.#areRulesRight(family)) continue;
      await this.#makeRules(family);
      wasRepaired = true;
    }
    return { wasRepaired, kept };
  }

  async apply({ set, isReplacement, adds, deletes }: SetChange, nowMs: number): Promise<void> {
    const name = this.#nameOf(set);
    if (!isReplacement) {
      await restore([...textsOf(set, deletes).map(([text]) => `del ${name} ${text}`), ...addLines(name, set, adds, nowMs)]);
      return;
    }
    const spare = name + spareSuffix;
    await restore([this.#createLine(set, spare), `flush ${spare}`, ...addLines(spare, set, adds, nowMs),
      `swap ${spare} ${name}`, `destroy ${spare}`]);
  }

  async dump(set: SetId, nowMs: number): Promise<ElementList> {
    const { keyBytes, bits } = families[set.family];
    const lines = (await run('ipset', ['save', this.#nameOf(set)])).split('\n').filter((line) => line.startsWith('add '));
    const first = new Uint8Array(lines.length * keyBytes);
    const last = new Uint8Array(lines.length * keyBytes);
    const untilMs = new Float64Array(lines.length);
    for (const [index, line] of lines.entries()) {
      const [, , text, , seconds] = line.split(' ');
      const prefix = prefixOf(text.includes('/') ? text : `${text}/${bits}`)!;
      first.set(prefix.first.toBytes(), index * keyBytes);
      last.set(prefix.last.toBytes(), index * keyBytes);
      untilMs[index] = seconds === undefined || seconds === '0' ? Infinity : nowMs + 1000 * Number(seconds);
    }
    return { count: lines.length, first, last: set.kind === 'address' ? null : last, untilMs };
  }

  async list(): Promise<SetId[]> {
    const there = new Set((await run('ipset', ['list', '-name'])).split('\n'));
    return this.#ids().filter((id) => id.kind !== 'never' && there.has(this.#nameOf(id)));
  }

  async count(): Promise<{ dropped: PacketCounts[]; processed: PacketCounts[] }> {
    const dropped: PacketCounts[] = [];
    const processed: PacketCounts[] = [];
    for (const family of this.#options.hasRules ? this.#options.families : []) {
      const lines = (await run(programs[family], ['-w', '-nvxL', chainName])).split('\n').slice(2);
      for (const line of lines) {
        const [packets, bytes, target] = line.trim().split(/\s+/);
        const counts = { family, group: '', packets: Number(packets), bytes: Number(bytes) };
        if (target === 'DROP' || target === 'REJECT') dropped.push(counts);
      }
    }
    return { dropped, processed };
  }

  /** conntrack belongs to netlink; the programs of ipset do not reach it. */
  async cutConnections(): Promise<number> {
    return 0;
  }

  async watch(onForeignChange: (what: string) => void): Promise<void> {
    this.#timer ??= setInterval(() => {
      void (async () => {
        const there = await this.list().catch(() => []);
        const isWhole = there.length === 2 * this.#options.families.length;
        const rules = await Promise.all((this.#options.hasRules ? this.#options.families : [])
          .map((family) => this.#areRulesRight(family)));
        if (!isWhole || rules.includes(false)) onForeignChange('sets or rules are missing');
      })();
    }, lookIntervalMs);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async cleanUp(): Promise<void> {
    for (const family of this.#options.hasRules ? this.#options.families : []) {
      for (const chain of this.#options.chains[family]) await attempt(programs[family], ['-w', '-D', chain, '-j', chainName]);
      await attempt(programs[family], ['-w', '-F', chainName]);
      await attempt(programs[family], ['-w', '-X', chainName]);
    }
    for (const id of this.#ids()) await attempt('ipset', ['destroy', this.#nameOf(id)]);
  }

  #ids(): SetId[] {
    return this.#options.families.flatMap((family) => (['address', 'range', 'never'] as const)
      .map((kind): SetId => ({ family, kind, group: '' })));
  }

  #nameOf({ family, kind }: SetId): string {
    return this.#options.sets[family] + suffixes[kind];
  }

  #createLine({ family }: SetId, name: string): string {
    return `create ${name} hash:net family ${family === 4 ? 'inet' : 'inet6'} timeout 0 maxelem ${this.#options.size}`;
  }

  /** The rules of our chain, as `iptables -S` prints them. */
  #rules(family: FamilyNumber): string[][] {
    const match = (kind: SetId['kind']): string[] =>
      ['-m', 'set', '--match-set', this.#nameOf({ family, kind, group: '' }), 'src'];
    const { isReject, logPrefix } = this.#options.deny;
    const deny = (kind: SetId['kind']): string[][] => [
      ...logPrefix === null ? [] : [[...match(kind), '-m', 'limit', '--limit', '10/sec', '-j', 'LOG', '--log-prefix', logPrefix]],
      [...match(kind), '-j', isReject ? 'REJECT' : 'DROP']];
    return [[...match('never'), '-j', 'RETURN'], ...deny('address'), ...deny('range')];
  }

  async #areRulesRight(family: FamilyNumber): Promise<boolean> {
    const program = programs[family];
    for (const chain of this.#options.chains[family]) {
      if (!await attempt(program, ['-w', '-C', chain, '-j', chainName])) return false;
    }
    for (const rule of this.#rules(family)) if (!await attempt(program, ['-w', '-C', chainName, ...rule])) return false;
    return true;
  }

  async #makeRules(family: FamilyNumber): Promise<void> {
    const program = programs[family];
    await attempt(program, ['-w', '-N', chainName]);
    await run(program, ['-w', '-F', chainName]);
    for (const rule of this.#rules(family)) await run(program, ['-w', '-A', chainName, ...rule]);
    for (const chain of this.#options.chains[family]) {
      if (!await attempt(program, ['-w', '-C', chain, '-j', chainName])) await run(program, ['-w', '-I', chain, '-j', chainName]);
    }
  }
}

function addLines(name: string, set: SetId, adds: ElementList, nowMs: number): string[] {
  return textsOf(set, adds).map(([text, untilMs]) => {
    const seconds = Math.min(Math.max(1, Math.ceil((untilMs - nowMs) / 1000)), timeoutSecondsMax);
    return `add ${name} ${text} timeout ${untilMs === Infinity ? 0 : seconds}`;
  });
}

/** Elements as the program writes them: intervals become the networks that make them up. */
function textsOf({ family }: SetId, { count, first, last, untilMs }: ElementList): [text: string, untilMs: number][] {
  const { keyBytes, bits } = families[family];
  const numberAt = (bytes: Uint8Array, index: number): bigint =>
    BigInt(`0x${Buffer.from(bytes.subarray(index * keyBytes, (index + 1) * keyBytes)).toString('hex')}`);
  const texts: [string, number][] = [];
  for (let index = 0; index < count; index++) {
    const low = numberAt(first, index);
    const high = last === null ? low : numberAt(last, index);
    for (const cidr of cidrsOf(low, high, bits, 1)) {
      texts.push([`${ipFromBigInt(cidr.first, family)}/${cidr.bits}`, untilMs[index]]);
    }
  }
  return texts;
}

/** -exist: what is there is set anew, what is gone is no error. */
function restore(lines: readonly string[]): Promise<string> {
  return run('ipset', ['-exist', 'restore'], `${lines.join('\n')}\n`);
}

async function attempt(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args);
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => errors.push(data));
    child.on('error', (error) => reject(new BackendError(`${program}: ${error.message}`, { cause: error })));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new BackendError(`${program} ${args.slice(0, 4).join(' ')}: ${Buffer.concat(errors).toString().trim()}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
