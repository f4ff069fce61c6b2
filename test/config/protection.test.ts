import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { loadConfig } from '../../ts/config/config.js';
import { defaultProtection, type Protection } from '../../ts/config/protection.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-protection-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'config.yaml'), `config_paths: {config_dir: ${folder}, data_dir: ${folder}}\n`);
const load = (text: string): Protection => {
  writeFileSync(join(folder, 'palisade.yaml'), text);
  return loadConfig(join(folder, 'config.yaml')).protection;
};
const hourNs = 3600e9;

describe('palisade.yaml, whom to ban and whom never', () => {
  test('without a word of it: own addresses are spared, nothing else', () => {
    assert.deepEqual(load('workers: 1\n'), defaultProtection);
    assert.deepEqual(load('escalation: {enabled: false}\n'), defaultProtection);
  });

  test('a list needs nothing but where it is', () => {
    const [list] = load('blocklists:\n  some: {url: "https://lists.example/a.txt"}\n').blocklists;
    assert.deepEqual(list, { name: 'some', url: 'https://lists.example/a.txt', file: '', format: 'text', column: '1', separator: ',',
      intervalMs: 24 * 3_600_000, ttlMs: 72 * 3_600_000, type: 'ban', bytesMax: 33_554_432, entriesMax: 500_000, aggregates: true,
      allowsHttp: false, withPrivate: false, widestIpv4: 8, widestIpv6: 24 });
  });

  test('every key is read', () => {
    const { blocklists: [list], neverBan, escalation, afterUnbanNs } = load(`blocklists:
  table: {file: /lists/a.csv, format: csv, column: ip, separator: "|", interval: 1h, ttl: 2d, type: captcha, max_bytes: 1000,
    max_entries: 10, aggregate: false, with_private: true, widest_ipv4: 16, widest_ipv6: 32}
never_ban: {own_addresses: false, addresses: [192.0.2.1, "2001:db8::/32"]}
escalation: {enabled: true, factor: 3, maximum: 10d, jitter: 5m, memory: 60d}
after_unban: 4h
`);
    assert.deepEqual(list, { name: 'table', url: '', file: '/lists/a.csv', format: 'csv', column: 'ip', separator: '|',
      intervalMs: 3_600_000, ttlMs: 48 * 3_600_000, type: 'captcha', bytesMax: 1000, entriesMax: 10, aggregates: false,
      allowsHttp: false, withPrivate: true, widestIpv4: 16, widestIpv6: 32 });
    assert.deepEqual(neverBan, { ownAddresses: false, addresses: ['192.0.2.1', '2001:db8::/32'] });
    assert.deepEqual(escalation, { steps: null, factor: 3, maximumNs: 240 * hourNs, jitterNs: 300e9, memoryNs: 1440 * hourNs });
    assert.equal(afterUnbanNs, 4 * hourNs);
    assert.deepEqual(load('escalation: {enabled: true, steps: [1, 4, 24]}\n').escalation?.steps, [1, 4, 24]);
  });

  const faults: [name: string, text: string, message: RegExp][] = [
    ['an unknown key', 'blocklists:\n  a: {url: "https://x/", every: 1h}\n', /palisade\.yaml:2:\d+: unknown key "blocklists\.a\.every"/],
    ['a name that is no name', 'blocklists:\n  ../a: {url: "https://x/"}\n', /:2:\d+: blocklist \.\.\/a: a name has/],
    ['neither url nor file', 'blocklists:\n  a: {type: ban}\n', /:2:6: blocklist a: needs either url or file/],
    ['both', 'blocklists:\n  a: {url: "https://x/", file: /a}\n', /needs either url or file/],
    ['a file without a folder', 'blocklists:\n  a: {file: a}\n', /:2:13: blocklist a: file must be an absolute path/],
    ['another protocol', 'blocklists:\n  a: {url: "ftp://x/"}\n', /:2:12: blocklist a: url must begin with https/],
    ['http that nobody allowed', 'blocklists:\n  a: {url: "http://x/"}\n', /:2:12: .*write allow_http: true/],
    ['a column of plain text', 'blocklists:\n  a: {file: /a, column: 2}\n', /:2:\d+: blocklist a: column and separator are for format: csv/],
    ['a long separator', 'blocklists:\n  a: {file: /a, format: csv, separator: "::"}\n', /separator must be one character/],
    ['a bad interval', 'blocklists:\n  a:\n    file: /a\n    interval: often\n', /:4:15: .*invalid duration "often"/],
    ['an interval of nothing', 'blocklists:\n  a: {file: /a, interval: 1s}\n', /must be at least 60s/],
    ['a cap of nothing', 'blocklists:\n  a: {file: /a, max_entries: 0}\n', /must be between 1 and 10000000/],
    ['no address', 'never_ban:\n  addresses:\n   - nonsense\n', /:3:6: "nonsense" is neither an address nor a network/],
    ['escalation without its switch', 'escalation: {factor: 2}\n', /missing key "escalation\.enabled"/],
    ['a factor below 1', 'escalation: {enabled: true, factor: 0.5}\n', /:1:37: escalation\.factor must be between 1 and 100/],
    ['both factor and steps', 'escalation: {enabled: true, factor: 2, steps: [1]}\n', /either factor or steps/],
    ['no steps', 'escalation: {enabled: true, steps: []}\n', /escalation\.steps must be numbers above 0/],
    ['more jitter than time', 'escalation: {enabled: true, maximum: 1m, jitter: 1h}\n', /jitter is longer/],
    ['a bad time after an unban', 'after_unban: soon\n', /:1:14: .*invalid duration "soon"/],
  ];
  for (const [name, text, message] of faults) test(`${name} is refused`, () => assert.throws(() => load(text), message));
});
