// The enforcer with the nftables backend on a kernel: what is wanted is what the kernel holds, whatever others do to it.
// Runs in a network namespace of its own.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { NftablesBackend, type NftablesOptions } from '../../bouncer/backends/nftables.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { KernelEnforcer, kernelOptions } from './kernel-enforcer.js';
import { waitFor } from './wait-for.js';

const opened: KernelEnforcer[] = [];

/** An enforcer that is closed after its test whatever comes. */
function makeBench(changed: Partial<NftablesOptions> = {}): KernelEnforcer {
  opened.push(new KernelEnforcer(changed));
  return opened[opened.length - 1];
}

function nft(...args: string[]): string {
  return run('nft', args);
}

inNetworkNamespace(import.meta.url, ['nft'], () => {
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.enforcer.close();
  });

  test('bans, ranges and both families become sets, rules and chains that nft shows', async () => {
    const bench = makeBench();
    await bench.enforcer.start();
    bench.add(1, '192.0.2.1');
    bench.add(2, '198.51.100.0/24', '2h', 'crowdsec');
    bench.add(3, '2001:db8::1');
    bench.add(4, '2001:db8:1::/48', '1h', 'lists:firehol');
    await bench.settle();
    assert.deepEqual(await bench.held(), { '4/address/cscli': ['192.0.2.1'],
      '4/range/crowdsec': ['198.51.100.0-198.51.100.255'], '6/address/cscli': ['2001:db8::1'],
      '6/range/lists-firehol': ['2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff'] });
    const ruleset = nft('-s', 'list', 'table', 'ip', 'crowdsec').replace(/\s+/g, ' ');
    assert.match(ruleset, /chain crowdsec-chain-input \{ type filter hook input priority filter - 10; policy accept; counter comment "palisade processed" ip saddr @crowdsec-blacklists\.never counter accept comment "palisade never" /);
    assert.match(ruleset, /ip saddr @crowdsec-blacklists-cscli limit rate 10\/second burst 10 packets log prefix "crowdsec: " comment "[^"]*" ip saddr @crowdsec-blacklists-cscli counter drop/);
    assert.match(ruleset, /chain crowdsec-chain-forward \{ type filter hook forward/);
  });

  test('a restart keeps the bans until the new state is whole, then holds exactly that', async () => {
    const bench = makeBench();
    await bench.enforcer.start();
    assert.deepEqual((await bench.held())['4/address/cscli'], ['192.0.2.1']);
    bench.add(7, '192.0.2.7');
    await bench.settle();
    assert.deepEqual((await bench.held())['4/address/cscli'], ['192.0.2.1']);
    bench.enforcer.release();
    await bench.enforcer.settled();
    assert.deepEqual(await bench.held(), { '4/address/cscli': ['192.0.2.7'] });
    await bench.enforcer.close();
    const other = new NftablesBackend(kernelOptions);
    await other.cleanUp();
    await other.close();
    assert.equal(nft('list', 'ruleset').trim(), '');
  });

  test('what others destroy comes back', async () => {
    nft('flush', 'ruleset');
    const bench = makeBench();
    await bench.enforcer.start();
    bench.enforcer.release();
    for (let index = 0; index < 50; index++) bench.add(index, `192.0.2.${index}`);
    bench.add(100, '198.51.100.0/24', '2h');
    bench.add(101, '2001:db8::1');
    await bench.settle();
    await bench.settle();
    const expected = await bench.held();
    const rules = (): string => nft('-s', 'list', 'ruleset').replace(/elements = \{[^}]*\}/g, '').replace(/\s+/g, ' ');
    const before = rules();
    const faults: readonly (readonly [string, () => void])[] = [
      ['flush ruleset', () => nft('flush', 'ruleset')],
      ['delete element', () => nft('delete', 'element', 'ip', 'crowdsec', 'crowdsec-blacklists-cscli', '{ 192.0.2.7 }')],
      ['add element', () => nft('add', 'element', 'ip', 'crowdsec', 'crowdsec-blacklists-cscli', '{ 203.0.113.1 }')],
      ['flush set', () => nft('flush', 'set', 'ip', 'crowdsec', 'crowdsec-blacklists-cscli.ranges')],
      ['flush never set', () => nft('flush', 'set', 'ip', 'crowdsec', 'crowdsec-blacklists.never')],
      ['flush chain', () => nft('flush', 'chain', 'ip', 'crowdsec', 'crowdsec-chain-input')],
      ['delete table', () => nft('delete', 'table', 'ip6', 'crowdsec6')],
      ['insert rule', () => nft('insert', 'rule', 'ip', 'crowdsec', 'crowdsec-chain-input', 'accept')],
      ['foreign set', () => nft('add', 'set', 'ip', 'crowdsec', 'other', '{ type inet_service; }')],
    ];
    for (const [what, fault] of faults) {
      fault();
      await waitFor(what, () => sorted(rules()) === sorted(before));
      await bench.heals(expected, what);
      assert.equal(sorted(rules()), sorted(before), what);
      await bench.enforcer.settled();
    }
    assert.match(nft('list', 'set', 'ip', 'crowdsec', 'crowdsec-blacklists.never'), /127\.0\.0\.0\/8/);
  });

  const setOnly: NftablesOptions = { ...kernelOptions, families: { 4: { table: 'mine', chain: '', set: 'bl', priority: 0, isSetOnly: true } } };
  const elements = (): string => nft('-s', 'list', 'table', 'ip', 'mine').replace(/\s+/g, ' ');

  const setsOfOthers: readonly (readonly [what: string, declared: string | null, expected: Record<string, string[]>])[] = [
    ['a set that is made by the bouncer has addresses and ranges', null,
      { '4/range/': ['192.0.2.1-192.0.2.1', '198.51.100.0-198.51.100.6', '198.51.100.7-198.51.100.7', '198.51.100.8-198.51.100.255'] }],
    ['a set that was made for ranges has them too', '{ type ipv4_addr; flags interval, timeout; auto-merge; }',
      { '4/range/': ['192.0.2.1-192.0.2.1', '198.51.100.0-198.51.100.6', '198.51.100.7-198.51.100.7', '198.51.100.8-198.51.100.255'] }],
    ['beside a set that was made without the flag for them there is one of ranges', '{ type ipv4_addr; flags timeout; }',
      { '4/address/': ['192.0.2.1', '198.51.100.7'], '4/range/': ['198.51.100.0-198.51.100.255'] }],
  ];
  for (const [what, declared, expected] of setsOfOthers) {
    test(`in set-only mode there are no rules of ours, and ${what}`, async () => {
      nft('add', 'table', 'ip', 'mine');
      nft('add', 'chain', 'ip', 'mine', 'c', '{ type filter hook input priority 0; }');
      if (declared !== null) nft('add', 'set', 'ip', 'mine', 'bl', declared);
      const bench = new KernelEnforcer(setOnly);
      try {
        await bench.start();
        await bench.settle();
        // The set is there before the first ban.
        nft('add', 'rule', 'ip', 'mine', 'c', 'ip', 'saddr', '@bl', 'drop');
        bench.add(1, '192.0.2.1');
        bench.add(2, '198.51.100.0/24');
        bench.add(3, '198.51.100.7', '2h', 'lists:x');
        await bench.settle();
        assert.deepEqual(await bench.held(), expected);
        nft('flush', 'set', 'ip', 'mine', 'bl');
        await bench.heals(expected, 'a flushed set');
        bench.state.remove(3);
        await bench.settle();
        assert.match(elements(), /elements = \{ 192\.0\.2\.1 timeout [^}]*\}.*ip saddr @bl drop \}/);
        if (declared === null) nft('flush', 'ruleset');
        if (declared === null) await bench.heals({ '4/range/': ['192.0.2.1-192.0.2.1', '198.51.100.0-198.51.100.255'] }, 'a flushed ruleset');
        assert.equal(bench.enforcer.counts.refusals, 0);
      } finally {
        await bench.enforcer.close();
      }
      const again = new NftablesBackend(setOnly);
      await again.open();
      await again.cleanUp();
      await again.close();
      assert.doesNotMatch(elements(), /192\.0\.2\.1/);
      nft('flush', 'ruleset');
    });
  }

  test('the whole address space and its top are ranges like others', async () => {
    nft('flush', 'ruleset');
    const bench = makeBench();
    await bench.enforcer.start();
    for (const [id, value] of ['0.0.0.0/0', '224.0.0.0/3', '255.255.255.0/24', 'ff00::/8', '::/0'].entries()) {
      bench.add(id + 1, value, `${id + 1}h`);
    }
    await bench.settle();
    assert.deepEqual((await bench.held())['4/range/cscli'], ['0.0.0.0-223.255.255.255', '224.0.0.0-255.255.254.255',
      '255.255.255.0-255.255.255.255']);
    assert.equal(bench.enforcer.counts.refusals, 0);
    bench.state.remove(1);
    await bench.settle();
    assert.deepEqual((await bench.held())['4/range/cscli'], ['224.0.0.0-255.255.254.255', '255.255.255.0-255.255.255.255']);
  });
});

function sorted(text: string): string {
  return text.split(' ').sort().join(' ');
}
