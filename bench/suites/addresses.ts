// Addresses looked up in networks: whitelists, and IpInRange of expressions.

import assert from 'node:assert/strict';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { AddressSet } from '../../ts/parser/address-set.js';
import type { Step } from './step.js';

const addresses = ['10.77.4.5', '203.0.113.9', '2001:db8:77::1', '198.51.100.20'];

/** Look-ups in a small and a large set, and in one network. */
export function addressSteps(): Step[] {
  const networks = Array.from({ length: 10_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
  const sets = [new AddressSet([], networks.slice(0, 3)), new AddressSet([], networks)];
  assert.deepEqual(sets.map((set) => addresses.map((each) => set.has(each))), [[false, false, false, false], [false, false, false, false]]);
  assert.equal(sets[1].has('10.3.4.5'), true);
  const isInRange = helperTable['IpInRange'].make({} as never) as (...texts: string[]) => boolean;
  assert.equal(isInRange('10.77.4.5', '10.0.0.0/8'), true);
  return [
    ...sets.map((set, index) => ({ name: `address in a whitelist of ${[3, 10_000][index]} networks`, perRun: addresses.length, seconds: 0.5,
      run: () => addresses.filter((each) => set.has(each)) })),
    { name: 'IpInRange', perRun: addresses.length, seconds: 0.5, run: () => addresses.filter((each) => isInRange(each, '10.0.0.0/8')) },
  ];
}
