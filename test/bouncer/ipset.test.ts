// The ipset and iptables backends with the real programs, in a network namespace of its own; and intervals as networks.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { IpsetSet, networksOf, type Networks } from '../../bouncer/backends/ipset-set.js';
import { noElements, packRanges, textsOf, type ElementList, type SetId } from '../../bouncer/element-list.js';
import { families } from '../../bouncer/family.js';
import { loadNftablesAddon, type NftConnection } from '../../native/index.js';
import { cidrsOf } from '../../ts/util/cidr.js';
import { ipv4, parseIp } from '../../ts/util/ip.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { ipsetBackend, KernelEnforcer } from './kernel-enforcer.js';
import { waitFor } from './wait-for.js';

const addresses: SetId = { family: 4, kind: 'address', group: '' };
/** The program of the older iptables, if it is here. */
const legacy = ['/usr/sbin/xtables-legacy-multi', '/sbin/xtables-legacy-multi'].find((file) => existsSync(file)) ?? null;
const ranges: SetId = { family: 4, kind: 'range', group: '' };

if (process.env['PALISADE_TEST_OUTER_NETWORK'] === undefined) {
  const cases: readonly (readonly [first: string, last: string, expected: string])[] = [
    ['0.0.0.0', '255.255.255.255', '0.0.0.0/1 128.0.0.0/1'],
    ['10.0.0.0', '10.0.0.255', '10.0.0.0/24'],
    ['10.0.0.1', '10.0.0.6', '10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32'],
    ['255.255.255.255', '255.255.255.255', '255.255.255.255/32'],
  ];
  for (const [first, last, expected] of cases) {
    test(`${first} to ${last} are the networks ${expected}`, () => {
      assert.equal(cidrsOf(number(first), number(last), 32, 1).map((network) =>
        `${ipv4(Number(network.first))}/${network.bits}`).join(' '), expected);
    });
  }
}

function number(text: string): bigint {
  return BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0));
}

inNetworkNamespace(import.meta.url, ['nft', 'ipset', 'iptables'], () => {
  const opened: KernelEnforcer[] = [];
  const makeBench = async (hasRules: boolean, size?: number): Promise<KernelEnforcer> => {
    const bench = new KernelEnforcer(ipsetBackend(hasRules, size));
    opened.push(bench);
    await bench.start();
    await bench.settle();
    return bench;
  };
  afterEach(async () => {
    for (const one of opened.splice(0)) {
      await one.enforcer.close();
      await one.backend.cleanUp().catch(() => {});
    }
    run('nft', ['flush', 'ruleset']);
    run('ipset', ['destroy']);
  });

  test('sets and rules are made once, hold what they are told, and go when asked', async () => {
    const backend = ipsetBackend(true);
    const now = Date.now();
    assert.equal((await backend.open()).wasRepaired, true);
    assert.deepEqual(await backend.open(), { wasRepaired: false, kept: [addresses, ranges,
      { ...addresses, family: 6 }, { ...ranges, family: 6 }] });
    assert.equal(run('iptables', ['-S', 'CROWDSEC_CHAIN']), '-N CROWDSEC_CHAIN\n-A CROWDSEC_CHAIN\n'
      + '-A CROWDSEC_CHAIN -m set --match-set bl-never src -j RETURN\n-A CROWDSEC_CHAIN -m set --match-set bl src -j DROP\n'
      + '-A CROWDSEC_CHAIN -m set --match-set bl-net src -j DROP\n');
    assert.match(run('iptables', ['-S', 'INPUT']), /-A INPUT -j CROWDSEC_CHAIN/);
    const pack = (...keys: number[]): ElementList => ({ count: keys.length, first: Uint8Array.from(keys.flatMap((key) => [0, 0, 0, key])),
      last: null, untilMs: Float64Array.from(keys, () => now + 60_000) });
    await backend.apply({ set: addresses, isReplacement: false, deletes: noElements, adds: pack(1, 2, 3) }, now);
    await backend.apply({ set: addresses, isReplacement: false, deletes: pack(2, 99), adds: noElements }, now);
    const held = async (set: SetId): Promise<string[]> => [...textsOf(4, await backend.dump(set, now)).keys()].sort();
    assert.deepEqual(await held(addresses), ['0.0.0.1', '0.0.0.3']);
    await backend.apply({ set: addresses, isReplacement: true, deletes: noElements, adds: pack(7) }, now);
    assert.deepEqual(await held(addresses), ['0.0.0.7']);
    await backend.apply({ set: ranges, isReplacement: false, deletes: noElements, adds: packRanges(families[4],
      [{ first: 0x0a000000n, last: 0x0a0000ffn, untilMs: now + 60_000 }, { first: 0x0a000101n, last: 0x0a000102n, untilMs: Infinity }]) }, now);
    assert.deepEqual(await held(ranges), ['10.0.0.0-10.0.0.255', '10.0.1.1-10.0.1.1', '10.0.1.2-10.0.1.2']);
    await backend.cleanUp();
    assert.equal(run('ipset', ['list', '-name']), '');
    assert.doesNotMatch(run('iptables', ['-S']), /CROWDSEC/);
    await backend.close();
  });

  const expected = { '4/address/': ['192.0.2.1', '192.0.2.2', '192.0.2.3'], '4/range/': ['198.51.100.0-198.51.100.255'],
    '6/address/': ['2001:db8::1'], '6/range/': ['2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff'] };
  /** The same in one set of each family. */
  const together = { '4/range/': [...expected['4/address/'].map((address) => `${address}-${address}`), ...expected['4/range/']],
    '6/range/': ['2001:db8:1::-2001:db8:1:ffff:ffff:ffff:ffff:ffff', '2001:db8::1-2001:db8::1'] };
  const expectedOf = ({ backend }: KernelEnforcer): Record<string, string[]> => (backend.name === 'ipset' ? together : expected);
  const ban = async (bench: KernelEnforcer): Promise<void> => {
    for (const [id, value] of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.0/24', '2001:db8::1', '2001:db8:1::/48'].entries()) {
      bench.add(id + 1, value);
    }
    await bench.settle();
    assert.deepEqual(await bench.held(), expectedOf(bench));
  };

  const destroyed: readonly (readonly [what: string, fault: () => void])[] = [
    ['a flushed set', () => run('ipset', ['flush', 'bl'])],
    ['all sets flushed', () => run('ipset', ['flush'])],
    ['a deleted address', () => run('ipset', ['del', 'bl', '192.0.2.2'])],
  ];
  const torn: typeof destroyed = [
    ['flushed rules', () => run('iptables', ['-F', 'CROWDSEC_CHAIN'])],
    ['an inserted rule', () => run('iptables', ['-I', 'CROWDSEC_CHAIN', '-j', 'ACCEPT'])],
    ['a deleted network', () => run('ipset', ['del', 'bl6-net', '2001:db8:1::/48'])],
    ['a missing call', () => run('ip6tables', ['-D', 'INPUT', '-j', 'CROWDSEC_CHAIN'])],
  ];
  /** Does harm and waits until rules and sets are as they were. */
  const heals = async (bench: KernelEnforcer, faults: typeof destroyed): Promise<void> => {
    const rules = (): string => run('iptables', ['-S']) + run('ip6tables', ['-S']);
    const before = rules();
    for (const [what, fault] of faults) {
      fault();
      await waitFor(what, () => rules() === before);
      await bench.heals(expectedOf(bench), what);
      await bench.enforcer.settled();
    }
    assert.equal(bench.enforcer.counts.refusals, 0);
  };

  test('what others destroy comes back', async () => {
    const bench = await makeBench(true);
    await ban(bench);
    await heals(bench, [...destroyed, ...torn, ['a flushed ruleset', () => run('nft', ['flush', 'ruleset'])]]);
  });

  test('sets without rules of ours come back also when they are destroyed', async () => {
    const bench = await makeBench(false);
    await ban(bench);
    assert.equal(run('ipset', ['list', '-name']), 'bl\nbl6\n');
    await heals(bench, [...destroyed, ['a deleted network', () => run('ipset', ['del', 'bl6', '2001:db8:1::/48'])], ['destroyed sets', () => run('ipset', ['destroy'])]]);
    assert.doesNotMatch(run('iptables', ['-S']), /CROWDSEC/);
  });

  test('with the older iptables, which tells nobody, rules come back too', { skip: legacy === null ? 'needs xtables-legacy-multi' : false }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'palisade-legacy-'));
    for (const name of ['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore']) symlinkSync(legacy!, join(folder, name));
    const path = process.env['PATH'];
    process.env['PATH'] = `${folder}:${path}`;
    try {
      const bench = await makeBench(true);
      await ban(bench);
      await heals(bench, [...destroyed, ...torn]);
      await bench.enforcer.close();
      await bench.backend.cleanUp();
      assert.doesNotMatch(run('iptables', ['-S']), /CROWDSEC/);
    } finally {
      process.env['PATH'] = path;
      rmSync(folder, { recursive: true });
    }
  });

  for (const hasRules of [true, false]) {
    test(`a banned address is found ${hasRules ? 'in mode iptables' : 'in mode ipset'}, with its end`, async () => {
      const bench = await makeBench(hasRules);
      await ban(bench);
      for (const [text, kind] of [['192.0.2.2', 'address'], ['198.51.100.77', 'range'], ['2001:db8::1', 'address'], ['2001:db8:1:2::3', 'range'],
        ['192.0.2.4', null], ['2001:db8:2::', null]] as const) {
        const address = parseIp(text)!;
        const found: string[] = [];
        for (const set of await bench.backend.list()) {
          const now = Date.now();
          const held = set.family === address.version ? await bench.backend.find(set, address.toBytes(), now) : null;
          if (held === null) continue;
          found.push(set.kind);
          assert.ok(Math.abs(held.untilMs - now - 3_600_000) < 60_000, text);
        }
        assert.deepEqual(found, kind === null ? [] : [hasRules ? kind : 'range'], text);
      }
    });
  }

  test('a set that is full is made anew with more room', async () => {
    const bench = await makeBench(true, 4);
    for (let index = 1; index <= 20; index++) {
      bench.add(index, `192.0.2.${index}`);
      await bench.settle();
    }
    await bench.heals({ '4/address/': Array.from({ length: 20 }, (_, index) => `192.0.2.${index + 1}`).sort() }, 'all are banned');
    assert.ok(bench.enforcer.counts.refusals > 0);
  });

  test('a set of another type is refused, and says so', async () => {
    run('ipset', ['create', 'bl', 'hash:ip']);
    const bench = new KernelEnforcer(ipsetBackend(false));
    await assert.rejects(bench.start(), /set bl is of type hash:ip; the bouncer needs hash:net/);
    await bench.backend.close();
  });

  test('a changed end and an exchanged range leave no moment without the ban', async () => {
    const messages: string[] = [];
    const connection = { putIpset: (_: string, isDelete: boolean, count: number, width: number, keys: Uint8Array, bits: Uint8Array) => {
      for (let index = 0; index < count; index++) messages.push(`${isDelete ? 'del' : 'add'} ${keys.subarray(index * width, (index + 1) * width).join('.')}/${bits[index]}`);
      return Promise.resolve(new Int32Array(0));
    } } as unknown as NftConnection;
    const set = new IpsetSet(ranges, 's', connection);
    const list = (...networks: readonly (readonly [first: bigint, last: bigint])[]): Networks => networksOf(ranges, packRanges(families[4],
      networks.map(([first, last]) => ({ first, last, untilMs: 60_000 }))));
    await set.change(list([0x0a000000n, 0x0a0000ffn], [0x0b000000n, 0x0b0000ffn]), list([0x0a000000n, 0x0a0000ffn], [0x0b000000n, 0x0b00ffffn]), 0);
    assert.deepEqual(messages, ['add 10.0.0.0/24', 'add 11.0.0.0/16', 'del 11.0.0.0/24']);
  });

  test('a comparison finds foreign elements and ends, a count only what is missing', async () => {
    run('ipset', ['create', 's', 'hash:net', 'timeout', '0']);
    const connection = new (loadNftablesAddon().Connection)(1 << 20, 1 << 20);
    const set = new IpsetSet(addresses, 's', connection);
    let now = Date.now();
    const put = (seconds: number, ...keys: number[]): Promise<void> => set.fill('s', { count: keys.length, bits: new Uint8Array(keys.length).fill(32),
      keys: Uint8Array.from(keys.flatMap((key) => [10, 0, 0, key])), untilMs: Float64Array.from(keys, () => now + 1000 * seconds) }, now);
    const faults = async (): Promise<(string | null)[]> => [await set.fault(connection, false, () => now), await set.fault(connection, true, () => now)];
    assert.deepEqual(await faults(), [null, null], 'nothing is known');
    await put(3600, 1, 2, 3);
    assert.deepEqual(await faults(), [null, null]);
    const cases: readonly (readonly [args: readonly string[], counted: string | null, compared: string | null])[] = [
      [['add', 's', '10.0.0.9', 'timeout', '3600'], null, 'set s has other elements'],
      [['del', 's', '10.0.0.9'], null, null],
      [['-exist', 'add', 's', '10.0.0.2', 'timeout', '60'], null, 'set s has other elements'],
      [['-exist', 'add', 's', '10.0.0.2', 'timeout', '7200'], null, 'set s has other elements'],
      [['-exist', 'add', 's', '10.0.0.2', 'timeout', '0'], null, 'set s has other elements'],
      [['-exist', 'add', 's', '10.0.0.2', 'timeout', '3600'], null, null],
      [['del', 's', '10.0.0.3'], 'elements of set s are missing', 'elements of set s are missing'],
      [['add', 's', '10.0.0.7', 'timeout', '3600'], null, 'set s has other elements'],
      [['flush', 's'], 'elements of set s are missing', 'elements of set s are missing'],
      [['destroy', 's'], 'set s is gone', 'set s is gone'],
    ];
    for (const [args, counted, compared] of cases) {
      run('ipset', args);
      assert.deepEqual(await faults(), [counted, compared], args.join(' '));
    }
    // A ban that ends is no fault; one that is longer than a timeout can be is told anew in time.
    run('ipset', ['create', 's', 'hash:net', 'timeout', '0']);
    await put(3600, 1);
    now += 3_599_000;
    run('ipset', ['flush', 's']);
    assert.deepEqual(await faults(), [null, null]);
    now += 60_000;
    assert.deepEqual(await faults(), [null, null]);
    await put(90 * 86_400, 5);
    assert.deepEqual(await faults(), [null, null]);
    run('ipset', ['-exist', 'add', 's', '10.0.0.5', 'timeout', String(12 * 86_400)]);
    assert.deepEqual(await faults(), [null, 'set s has other elements']);
    connection.close();
  });
});
