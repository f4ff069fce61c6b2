// The kernel refuses one message, somebody flushes, the bouncer is killed: each at every step of one small life, with
// both families, addresses, ranges, an extension and an unban. In the end the kernel holds what is wanted.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { faultyAddon, spoiled, type Interference } from './faulty-addon.js';
import { KernelEnforcer } from './kernel-enforcer.js';

const expected = { '4/address/CAPI': ['192.0.2.9'], '4/address/cscli': ['192.0.2.1', '192.0.2.2'],
  '4/range/cscli': ['198.51.100.0-198.51.100.127'], '6/address/cscli': ['2001:db8::1'] };

/** A small life under an interference; resolves when the kernel holds what is wanted. */
async function live(interfere: Interference, what: string): Promise<void> {
  const bench = new KernelEnforcer({ addon: faultyAddon(interfere), hooks: ['input'], deny: { isReject: false, logPrefix: null } });
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

inNetworkNamespace(import.meta.url, ['nft'], () => {
  afterEach(() => { run('nft', ['flush', 'ruleset']); });

  test('a refused message is made good, whichever it is', async () => {
    let isDone = false;
    for (let refused = 1; !isDone; refused++) {
      let left = refused;
      await live((bytes, messageCount) => {
        const message = left;
        left -= messageCount;
        return message >= 1 && message <= messageCount ? spoiled(bytes, message) : bytes;
      }, `message ${refused}`);
      isDone = left > 0;
      run('nft', ['flush', 'ruleset']);
    }
  });

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
        await live((bytes) => {
          transactions++;
          // Before the thing is there, the flush itself is what fails.
          if (transactions === step) run('sh', ['-c', '"$@" 2>&1 || true', 'sh', 'nft', ...args]);
          return bytes;
        }, `before transaction ${step}`);
        isDone = transactions < step;
        run('nft', ['flush', 'ruleset']);
      }
    });
  }
});
