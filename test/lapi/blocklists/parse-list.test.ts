import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { networksOf, united } from '../../../lapi/blocklists/intervals.js';
import { parseList } from '../../../lapi/blocklists/parse-list.js';
import { prefixOf } from '../../../ts/util/ip.js';
import { blocklist } from './settings.js';
import { testSeed } from '../../support/random.js';

const networks = (text: string, settings = blocklist()): string[] => [...networksOf(united(parseList(text, settings).addresses, false))];

describe('the text of a blocklist', () => {
  const texts: [name: string, text: string, found: string[]][] = [
    ['one address a line', '1.2.3.4\n5.6.7.8\n', ['1.2.3.4', '5.6.7.8']],
    ['no newline at the end, carriage returns, a byte order mark', '\ufeff1.2.3.4\r\n5.6.7.8', ['1.2.3.4', '5.6.7.8']],
    ['comments of three kinds', '# a list\n; by x\n// of y\n1.2.3.4 # why\n1.2.3.6;SBL1\n1.2.3.8//no\n', ['1.2.3.4', '1.2.3.6', '1.2.3.8']],
    ['networks with host bits', '1.2.3.4/24\n2001:db8::1/32', ['1.2.3.0/24', '2001:db8::/32']],
    ['ranges', '1.2.3.0 - 1.2.3.5\n2001:db8::-2001:db8::1', ['1.2.3.0/30', '1.2.3.4/31', '2001:db8::/127']],
    ['what follows the address', '1.2.3.4 100 reports\n1.2.3.6,x\n1.2.3.8\tscan', ['1.2.3.4', '1.2.3.6', '1.2.3.8']],
    ['IPv4 inside IPv6', '::ffff:1.2.3.4\n', ['1.2.3.4']],
    ['IPv6 in any spelling once', '2001:DB8:0:0::1\n2001:db8::1\n', ['2001:db8::1']],
  ];
  for (const [name, text, found] of texts) test(`has ${name}`, () => assert.deepEqual(networks(text), found));

  const tables: [name: string, column: string, separator: string, text: string, found: string[]][] = [
    ['by number', '2', ',', 'x,1.2.3.4,y\n# no\nz,1.2.3.6\n', ['1.2.3.4', '1.2.3.6']],
    ['by name, whatever its case', 'ip', ',', 'first,IP\nx,1.2.3.4\n', ['1.2.3.4']],
    ['quoted, with separators and quotes inside', '2', ',', '"a,""b""",  "1.2.3.4" ,c\n', ['1.2.3.4']],
    ['with empty cells and tabs', '3', '\t', '\t\t1.2.3.4\n', ['1.2.3.4']],
    ['too short a line', '3', ',', 'a,b\na,b,1.2.3.4\n', ['1.2.3.4']],
  ];
  for (const [name, column, separator, text, found] of tables) {
    test(`in CSV is a column ${name}`, () => {
      assert.deepEqual(networks(text, blocklist({ format: 'csv', column, separator })), found);
    });
  }

  test('that cannot be read is counted, and the first of it named', () => {
    const { entryCount, invalidCount, firstInvalid } = parseList('1.2.3.4\n<html>\n1.2.3.300\n1.2.3.9-1.2.3.4\n1.2.3.4/33\nfe80::1%eth0',
      blocklist());
    assert.deepEqual({ entryCount, invalidCount, firstInvalid }, { entryCount: 1, invalidCount: 5, firstInvalid: 'line 2: <html>' });
  });

  test('with an unknown column has no entry', () => {
    const { entryCount, firstInvalid } = parseList('a,b\n1.2.3.4,x\n', blocklist({ format: 'csv', column: 'ip' }));
    assert.deepEqual({ entryCount, firstInvalid }, { entryCount: 0, firstInvalid: 'line 1: a,b' });
  });

  test('is not read beyond the number of entries that is allowed', () => {
    assert.equal(parseList('1.2.3.4\n'.repeat(1000), blocklist({ entriesMax: 10 })).entryCount, 11);
  });

  test('may be anything: nothing is thrown, and what is found are networks', () => {
    const piece = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constantFrom('\n', ',', '"', '""', '/', '-', ' ', '#', '/33', '\r', '\0'),
      fc.nat(40).map((bits) => `/${bits}`));
    fc.assert(fc.property(fc.array(piece).map((pieces) => pieces.join('')), fc.constantFrom('text', 'csv'), fc.constantFrom('1', 'ip'),
      (text, format, column) => {
        const parsed = parseList(text, blocklist({ format, column }));
        assert.ok(parsed.entryCount + parsed.invalidCount <= text.split('\n').length);
        for (const network of networksOf(united(parsed.addresses, true))) assert.ok(prefixOf(network), network);
      }), { seed: testSeed() });
  });

  test('may not have wider networks than allowed', () => {
    const { tooWideCount, addresses } = parseList('0.0.0.0/0\n1.0.0.0/8\n::/0\n2001::/24\n0.0.0.0-255.255.255.255', blocklist());
    assert.equal(tooWideCount, 3);
    assert.deepEqual([...networksOf(addresses)], ['1.0.0.0/8', '2001::/24']);
  });
});
