import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NeverBan } from '../../lapi/never-ban.js';

describe('what is never banned', () => {
  const own = ['10.1.2.3', '2001:db8::5', 'fe80::1%eth0', '127.0.0.1'];
  const host = { own: () => own, gateways: () => ['10.1.2.1'] };
  const never = new NeverBan({ ownAddresses: true, addresses: ['192.0.2.7', '198.51.100.0/24'] }, () => 0, host);

  const cases: [scope: string, value: string, kind: string | null, text?: RegExp][] = [
    ['Ip', '127.0.0.1', 'loopback', /^127\.0\.0\.1 is never banned: it is loopback$/],
    ['Ip', '127.8.8.8', 'loopback'],
    ['Ip', '::1', 'loopback'],
    ['Ip', '::ffff:127.0.0.1', 'loopback'],
    ['Ip', '10.1.2.3', 'own_address', /it is an address of this host$/],
    ['Ip', '2001:DB8::5', 'own_address'],
    ['Ip', 'fe80::1', 'own_address'],
    ['Ip', '10.1.2.1', 'gateway'],
    ['Ip', '192.0.2.7', 'configured', /named by never_ban in palisade\.yaml$/],
    ['Ip', '198.51.100.77', 'configured'],
    ['Range', '198.51.100.64/26', 'configured'],
    ['Range', '198.51.0.0/16', 'configured', /^198\.51\.0\.0\/16 is never banned: it covers 198\.51\.100\.0\/24, named by/],
    ['Range', '10.0.0.0/8', 'own_address', /it covers 10\.1\.2\.3, an address of this host$/],
    ['Range', '0.0.0.0/0', 'loopback'],
    ['Range', '::/0', 'loopback'],
    ['Ip', '10.1.2.4', null],
    ['Range', '10.1.2.128/25', null],
    ['Ip', '2001:db8::6', null],
    ['Ip', 'nonsense', null],
    ['Country', '127.0.0.1', null],
    ['username', '10.1.2.3', null],
  ];
  for (const [scope, value, kind, text] of cases) {
    test(`${scope} ${value}: ${kind ?? 'may be banned'}`, () => {
      const found = never.exemptionOf(scope, value);
      assert.equal(found?.kind ?? null, kind);
      if (text !== undefined) assert.match(found!.text, text);
    });
  }

  test('leaves this host\'s addresses out when told so, loopback never', () => {
    const bare = new NeverBan({ ownAddresses: false, addresses: [] }, () => 0, host);
    assert.equal(bare.exemptionOf('Ip', '10.1.2.3'), null);
    assert.equal(bare.exemptionOf('Ip', '127.0.0.1')?.kind, 'loopback');
  });

  test('follows this host\'s addresses within a minute', () => {
    let ms = 0;
    const addresses = ['10.9.9.9'];
    const moving = new NeverBan({ ownAddresses: true, addresses: [] }, () => ms, { own: () => addresses, gateways: () => [] });
    assert.equal(moving.exemptionOf('Ip', '10.9.9.10'), null);
    addresses[0] = '10.9.9.10';
    ms = 60_000;
    assert.equal(moving.exemptionOf('Ip', '10.9.9.10')?.kind, 'own_address');
    assert.deepEqual(moving.networks(), ['127.0.0.0/8', '::1/128', '10.9.9.10/32']);
  });

  test('knows the addresses of the host it runs on', () => {
    assert.ok(new NeverBan({ ownAddresses: true, addresses: [] }, Date.now).networks().includes('127.0.0.1/32'));
  });
});
