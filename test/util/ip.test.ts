import assert from 'node:assert/strict';
import test from 'node:test';
import { IpAddress, ipFromBigInt, type IpPrefix, parseCidr, parseIp, parseLooseCidr, parseLooseIp, siteOf }
  from '../../ts/util/ip.js';
import { recorded } from './recorded.js';

test('addresses parse and print as with netip, and as with net', () => {
  for (const [text, strict, loose] of recorded<[string, string | null, string | null]>('util/recorded/go-ips.json')) {
    assert.equal(parseIp(text)?.toString() ?? null, strict, text);
    const address = parseLooseIp(text);
    const shown = address === null ? null : address.version === 4 ? `4 ${address}` : address.toString();
    assert.equal(shown, loose, text);
  }
});

const probes = ['1.2.3.4', '1.2.3.255', '1.2.4.0', '10.0.0.4', '2001:db8::ffff:1', '2001:db9::', '::ffff:1.2.3.9', '::1'];

test('networks parse, mask and contain as in Go', () => {
  type Row = [string, [string, string] | null, string | null, boolean[]];
  for (const [text, strict, loose, contained] of recorded<Row>('util/recorded/go-cidrs.json')) {
    const prefix = parseCidr(text);
    assert.deepEqual(prefix === null ? null : [prefix.toString(), prefix.masked().toString()], strict, text);
    const network = parseLooseCidr(text);
    assert.equal(network?.toString() ?? null, loose, text);
    if (network !== null) {
      assert.deepEqual(probes.map((probe) => network.contains(parseLooseIp(probe) as IpAddress)), contained, text);
    }
  }
});

test('an IPv4 address inside IPv6 is another address until unmapped', () => {
  const mapped = parseIp('::ffff:1.2.3.4') as IpAddress;
  const plain = parseIp('1.2.3.4') as IpAddress;
  assert.equal(mapped.equals(plain), false);
  assert.equal(mapped.unmap().equals(plain), true);
  assert.equal((parseCidr('1.2.3.0/24') as IpPrefix).contains(mapped), false);
});

test('who has an IPv6 address has its /64', () => {
  for (const [address, site] of [['1.2.3.4', '1.2.3.4'], ['::ffff:1.2.3.4', '1.2.3.4'], ['2001:db8:0:1:2::3', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80::/64'], ['somebody', 'somebody']]) assert.equal(siteOf(address), site);
});

test('first, last, bytes, numbers and order of networks', () => {
  const prefix = parseCidr('2001:db8::5/125') as IpPrefix;
  assert.deepEqual([prefix.first.toString(), prefix.last.toString()], ['2001:db8::', '2001:db8::7']);
  const v4 = parseCidr('10.1.2.3/8') as IpPrefix;
  assert.deepEqual([v4.first.toString(), v4.last.toString()], ['10.0.0.0', '10.255.255.255']);
  for (const text of ['255.255.255.255', '0.0.0.0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::8000:0']) {
    const address = parseIp(text) as IpAddress;
    assert.equal(IpAddress.fromBytes(address.toBytes()).toString(), text);
    assert.equal(ipFromBigInt(address.toBigInt(), address.version).toString(), text);
  }
  const sorted = ['::1', '2.0.0.0', '200.0.0.0', '1.255.0.0', '::'].map((text) => parseIp(text) as IpAddress)
    .sort((a, b) => a.compare(b)).map(String);
  assert.deepEqual(sorted, ['1.255.0.0', '2.0.0.0', '200.0.0.0', '::', '::1']);
});

test('containment agrees with arithmetic on the numbers', () => {
  const seed = Date.now() >>> 0;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 2000; i++) {
    const version = random(2) === 0 ? 4 : 6;
    const size = version === 4 ? 4 : 16;
    // Few distinct bytes, so that prefixes meet often.
    const any = (): IpAddress => IpAddress.fromBytes(Uint8Array.from({ length: size }, () => [0, 1, 128, 255][random(4)]));
    const [address, other] = [any(), any()];
    const bits = random(size * 8 + 1);
    const shift = BigInt(size * 8 - bits);
    const expected = address.toBigInt() >> shift === other.toBigInt() >> shift;
    const prefix = parseCidr(`${address}/${bits}`) as IpPrefix;
    assert.equal(prefix.contains(other), expected, `seed ${seed}: ${other} in ${prefix}`);
    assert.equal(prefix.contains(prefix.last), true, `seed ${seed}`);
  }
});
