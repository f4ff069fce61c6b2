// The kernel refuses one message, somebody flushes, the bouncer is killed: each at every step of one small life, with
// both families, addresses, ranges, an extension and an unban. In the end the kernel holds what is wanted.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { FailingPrograms } from './failing-programs.js';
import { faultyAddon, refusingAddon, spoiled, type Interference } from './faulty-addon.js';
import { ipsetBackend, KernelEnforcer } from './kernel-enforcer.js';

const inNftables = { '4/address/CAPI': ['192.0.2.9'], '4/address/cscli': ['192.0.2.1', '192.0.2.2'],
  '4/range/cscli': ['198.51.100.0-198.51.100.127'], '6/address/cscli': ['2001:db8::1'] };

/** The same in the sets of modes iptables and ipset. */
const inIptables = { '4/address/': ['192.0.2.1', '192.0.2.2', '192.0.2.9'], '4/range/': ['198.51.100.0-198.51.100.127'], '6/address/': ['2001:db8::1'] };
const inIpset = { '4/range/': [...inIptables['4/address/'].map((address) => `${address}-${address}`), ...inIptables['4/range/']],
  '6/range/': ['2001:db8::1-2001:db8::1'] };

function faulty(interfere: Interference): KernelEnforcer {
  return new KernelEnforcer({ addon: faultyAddon(interfere), hooks: ['input'], deny: { isReject: false, logPrefix: null } });
}

/** A small life with something in its way; resolves when the kernel holds what is wanted. */
async function live(bench: KernelEnforcer, what: string, expected: Record<string, string[]> = inNftables): Promise<void> {
  try {
    await bench.enforcer.start().catch(() => bench.enforcer.start());
    for (const index of [1, 2, 3]) bench.add(index, `192.0.2.${index}`, '1h');
    bench.add(6, '2001:db8::1');
    bench.enforcer.release();
    await bench.enforcer.settled();
    bench.add(9, '192.0.2.9', '1h', 'CAPI');
    bench.add(20, '198.51.100.0/25');
    bench.add(21, '198.51.100.0/28', '2h');
    await bench.settle();
    bench.add(1, '192.0.2.1', '5h');
    bench.state.remove(3);
    bench.state.remove(21);
    bench.enforcer.wake();
    await bench.heals(expected, what);
    await bench.enforcer.settled();
    assert.deepEqual(await bench.held(), expected, what);
  } finally {
    await bench.enforcer.close();
  }
}

inNetworkNamespace(import.meta.url, ['nft', 'ipset', 'iptables'], () => {
  afterEach(() => { run('nft', ['flush', 'ruleset']); });

  test('a refused message is made good, whichever it is', async () => {
    let isDone = false;
    for (let refused = 1; !isDone; refused++) {
      let left = refused;
      await live(faulty((bytes, messageCount) => {
        const message = left;
        left -= messageCount;
        return message >= 1 && message <= messageCount ? spoiled(bytes, message) : bytes;
      }), `message ${refused}`);
      isDone = left > 0;
      run('nft', ['flush', 'ruleset']);
    }
  });

  for (const [mode, expected] of [['iptables', inIptables], ['ipset', inIpset]] as const) {
    test(`mode ${mode}: a refused element is made good, whichever it is`, async () => {
      let isDone = false;
      let lives = 0;
      for (; !isDone; lives++) {
        const { addon, seen } = refusingAddon(lives);
        const bench = new KernelEnforcer(ipsetBackend(mode === 'iptables', undefined, undefined, addon));
        await live(bench, `element ${lives}`, expected);
        isDone = seen.elements <= lives;
        assert.equal(seen.refusals, isDone ? 0 : 1, `element ${lives}`);
        run('nft', ['flush', 'ruleset']);
        run('ipset', ['destroy']);
      }
      assert.ok(lives > 8, `${lives} lives`);
    });

    test(`mode ${mode}: a program that fails is run again, whichever it is`, async () => {
      const programs = new FailingPrograms(['ipset', 'iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore', 'iptables-save', 'ip6tables-save']);
      try {
        for (let failing = 1; programs.runs >= failing - 1; failing++) {
          programs.failAt(failing);
          await live(new KernelEnforcer(ipsetBackend(mode === 'iptables')), `program ${failing}`, expected);
          run('nft', ['flush', 'ruleset']);
          run('/bin/sh', ['-c', `${programs.real('ipset')} destroy`]);
        }
        // Sets of two families are made; with rules of ours there are more sets, and rules.
        assert.ok(programs.runs >= (mode === 'iptables' ? 6 : 2), `${programs.runs} runs`);
      } finally {
        programs.close();
      }
    });
  }

  const flushes: readonly (readonly [what: string, ...args: string[]])[] = [
    ['the ruleset', 'flush', 'ruleset'],
    ['a set of addresses', 'flush', 'set', 'ip', 'crowdsec', 'crowdsec-blacklists-cscli'],
    ['a set of ranges', 'flush', 'set', 'ip', 'crowdsec', 'crowdsec-blacklists-cscli.ranges'],
    ['the rules', 'flush', 'chain', 'ip6', 'crowdsec6', 'crowdsec6-chain-input'],
  ];
  for (const [what, ...args] of flushes) {
    test(`somebody who flushes ${what} at any step gets it all back`, async () => {
      let isDone = false;
      for (let step = 1; !isDone; step++) {
        let transactions = 0;
        await live(faulty((bytes) => {
          transactions++;
          // Before the thing is there, the flush itself is what fails.
          if (transactions === step) run('sh', ['-c', '"$@" 2>&1 || true', 'sh', 'nft', ...args]);
          return bytes;
        }), `before transaction ${step}`);
        isDone = transactions < step;
        run('nft', ['flush', 'ruleset']);
      }
    });
  }
});
