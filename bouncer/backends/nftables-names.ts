// Names of the objects of the nftables backend: which set a name stands for, and which of the objects found in the kernel
// are as they should be. Rules are in nftables-rules.ts.

import { setFlag, type NftObject } from '../../native/index.js';
import type { SetId } from '../element-list.js';
import type { Family } from '../family.js';

/** The objects of one family. */
export interface NftablesFamily {
  readonly table: string;
  readonly chain: string;
  /** Name of sets, or what their names begin with. */
  readonly set: string;
  readonly priority: number;
  readonly isSetOnly: boolean;
  /** In set-only mode: the one set has ranges and single addresses. */
  readonly hasOneSet?: boolean;
}

/** Hooks of the filter, with the kernel's numbers. */
export const hookNumbers = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
export type HookName = keyof typeof hookNumbers;

const rangesSuffix = '.ranges';
const neverSuffix = '.never';

/** The name of a set. */
export function nameOf({ kind, group }: SetId, { set, hasOneSet }: NftablesFamily): string {
  const name = group === '' ? set : `${set}-${group}`;
  if (hasOneSet === true && kind === 'range') return name;
  return kind === 'never' ? set + neverSuffix : kind === 'range' ? name + rangesSuffix : name;
}

/** The set a name stands for, or null for one that is not ours. */
export function idOf(name: string, family: Family, { set, isSetOnly, hasOneSet }: NftablesFamily): SetId | null {
  if (hasOneSet === true) return name === set ? { family: family.number, kind: 'range', group: '' } : null;
  if (name === set + neverSuffix) return { family: family.number, kind: 'never', group: '' };
  const isRange = name.endsWith(rangesSuffix);
  const base = isRange ? name.slice(0, -rangesSuffix.length) : name;
  const kind = isRange ? 'range' : 'address';
  if (isSetOnly) return base === set ? { family: family.number, kind, group: '' } : null;
  return base.startsWith(`${set}-`) && base.length > set.length + 1
    ? { family: family.number, kind, group: base.slice(set.length + 1) } : null;
}

/** The flags of a set of ours. */
export function flagsOf({ kind }: SetId): number {
  return kind === 'address' ? setFlag.timeout : setFlag.timeout | setFlag.interval;
}

/** The sets of a table that can be used, and those that are in the way. */
export function sortSets(sets: readonly NftObject[], family: Family, names: NftablesFamily): { usable: SetId[];
  foreign: NftObject[] } {
  const usable: SetId[] = [];
  const foreign: NftObject[] = [];
  for (const set of sets) {
    const id = idOf(set.name, family, names);
    const isFit = id !== null && set.flags === flagsOf(id) && set.keyLength === family.keyBytes;
    if (isFit) usable.push(id);
    // In set-only mode the administrator's other sets are no matter of ours.
    else if (id !== null || !names.isSetOnly) foreign.push(set);
  }
  return { usable, foreign };
}

/** The name of the chain at a hook. */
export function chainName(hook: HookName, { chain }: NftablesFamily): string {
  return `${chain}-${hook}`;
}

/** Whether the chain of a hook is there as it should be. */
export function isChainRight(hook: HookName, names: NftablesFamily, chains: readonly NftObject[]): boolean {
  return chains.some((chain) => chain.name === chainName(hook, names) && chain.hook === hookNumbers[hook]
    && chain.priority === names.priority);
}
