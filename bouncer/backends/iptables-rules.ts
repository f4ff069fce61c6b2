// The rules of mode iptables: a chain of ours in the filter table of each family, called first in the chains of the
// configuration. The programs of iptables are asked by argv; what others change is heard from nf_tables where it is what
// lies below them.

import type { NftablesAddon, NftMonitor } from '../../native/index.js';
import type { PacketCounts } from '../backend.js';
import type { SetId } from '../element-list.js';
import type { FamilyNumber } from '../family.js';
import { guard } from './netlink.js';
import type { DenyOptions } from './nftables-rules.js';
import { attempt, runProgram } from './programs.js';

export interface IptablesOptions {
  readonly families: readonly FamilyNumber[];
  /** Chains that call ours. */
  readonly chains: Readonly<Record<FamilyNumber, readonly string[]>>;
  readonly deny: DenyOptions;
  /** The name of a set. */
  readonly nameOf: (set: SetId) => string;
}

const chainName = 'CROWDSEC_CHAIN';
const programs: Readonly<Record<FamilyNumber, string>> = { 4: 'iptables', 6: 'ip6tables' };

/** The rules of all families. */
export class IptablesRules {
  readonly #options: IptablesOptions;
  /** What the program prints of our chain when it is right. */
  readonly #texts = new Map<FamilyNumber, string>();
  #monitor: NftMonitor | null = null;

  constructor(options: IptablesOptions) {
    this.#options = options;
  }

  /** Makes the rules what they should be. Resolves to whether anything had to be done. Throws a BackendError. */
  async put(): Promise<boolean> {
    let wasWrong = false;
    for (const family of this.#options.families) {
      if (await this.#isRight(family)) continue;
      await this.#make(family);
      wasWrong = true;
    }
    return wasWrong;
  }

  /** Whether the rules are what they should be. */
  async areRight(): Promise<boolean> {
    for (const family of this.#options.families) if (!await this.#isRight(family)) return false;
    return true;
  }

  /**
   * Calls when the filter table changed, whoever did it. Resolves to false where nobody tells: then the rules have to be
   * looked at again and again. Throws a BackendError.
   */
  async watch(addon: NftablesAddon, onChange: () => void): Promise<boolean> {
    if (!(await runProgram(programs[this.#options.families[0]], ['-V'])).includes('nf_tables')) return false;
    this.#monitor ??= guard(() => new addon.Monitor(0, (changes, wasLost) => {
      if (wasLost || changes.some(({ table }) => table === 'filter')) onChange();
    }));
    return true;
  }

  /** Packets that came to our chain, and those that it denied. */
  async count(): Promise<{ dropped: PacketCounts[]; processed: PacketCounts[] }> {
    const dropped: PacketCounts[] = [];
    const processed: PacketCounts[] = [];
    for (const family of this.#options.families) {
      for (const line of (await runProgram(programs[family], ['-w', '-v', '-S', chainName])).split('\n')) {
        const found = / -c (\d+) (\d+)(?: -j (\w+))?/.exec(line);
        if (found === null) continue;
        const counts = { family, group: '', packets: Number(found[1]), bytes: Number(found[2]) };
        if (found[3] === undefined) processed.push(counts);
        else if (found[3] === 'DROP' || found[3] === 'REJECT') dropped.push(counts);
      }
    }
    return { dropped, processed };
  }

  close(): void {
    this.#monitor?.close();
    this.#monitor = null;
  }

  async remove(): Promise<void> {
    for (const family of this.#options.families) {
      for (const chain of this.#options.chains[family]) await attempt(programs[family], ['-w', '-D', chain, '-j', chainName]);
      await attempt(programs[family], ['-w', '-F', chainName]);
      await attempt(programs[family], ['-w', '-X', chainName]);
    }
  }

  /** Arguments of the rules of our chain. */
  #rules(family: FamilyNumber): string[][] {
    const match = (kind: SetId['kind']): string[] =>
      ['-m', 'set', '--match-set', this.#options.nameOf({ family, kind, group: '' }), 'src'];
    const { isReject, logPrefix } = this.#options.deny;
    const deny = (kind: SetId['kind']): string[][] => [
      ...logPrefix === null ? [] : [[...match(kind), '-m', 'limit', '--limit', '10/sec', '-j', 'LOG', '--log-prefix', logPrefix]],
      [...match(kind), '-j', isReject ? 'REJECT' : 'DROP']];
    // The first rule does nothing but count.
    return [[], [...match('never'), '-j', 'RETURN'], ...deny('address'), ...deny('range')];
  }

  async #isRight(family: FamilyNumber): Promise<boolean> {
    const text = await this.#print(family);
    const rules = this.#rules(family);
    if (text === null || text !== (this.#texts.get(family) ?? text)) return false;
    if (!this.#texts.has(family)) {
      // Of an earlier life: the program knows best whether these are our rules.
      if (text.trim().split('\n').length !== 1 + rules.length) return false;
      for (const rule of rules) if (!await attempt(programs[family], ['-w', '-C', chainName, ...rule])) return false;
    }
    for (const chain of this.#options.chains[family]) {
      if (!await attempt(programs[family], ['-w', '-C', chain, '-j', chainName])) return false;
    }
    this.#texts.set(family, text);
    return true;
  }

  /** Our chain as the program prints it, or null when it is not there. */
  #print(family: FamilyNumber): Promise<string | null> {
    return runProgram(programs[family], ['-w', '-S', chainName]).catch(() => null);
  }

  /** All rules of our chain in one transaction, so that none is missing for a moment. */
  async #make(family: FamilyNumber): Promise<void> {
    const program = programs[family];
    const lines = this.#rules(family).map((rule) => ['-A', chainName, ...rule.map(quoted)].join(' '));
    await runProgram(`${program}-restore`, ['-w', '-n'], `*filter\n:${chainName} - [0:0]\n${lines.join('\n')}\nCOMMIT\n`);
    for (const chain of this.#options.chains[family]) {
      if (!await attempt(program, ['-w', '-C', chain, '-j', chainName])) await runProgram(program, ['-w', '-I', chain, '-j', chainName]);
    }
    const text = await this.#print(family);
    if (text !== null) this.#texts.set(family, text);
  }
}

/** As iptables-restore reads an argument. */
function quoted(argument: string): string {
  return /^[\w./,:-]+$/.test(argument) ? argument : `"${argument.replace(/["\\]/g, '\\$&')}"`;
}
