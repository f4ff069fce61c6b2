// The bouncer's configuration file: what cs-firewall-bouncer ships and what its users write, unchanged.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from '../../bouncer/config.js';
import { projectRoot } from '../support/shared.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-bouncer-'));
after(() => rmSync(folder, { recursive: true }));

/** Reads a configuration from a text, with files beside it. */
function read(text: string, others: Readonly<Record<string, string>> = {}) {
  const here = mkdtempSync(join(folder, 'c-'));
  const file = join(here, 'bouncer.yaml');
  writeFileSync(file, text);
  for (const [name, content] of Object.entries(others)) writeFileSync(join(here, name), content);
  return readConfig(file);
}

const least = 'mode: nftables\napi_url: http://127.0.0.1:8080\napi_key: k\n';

test('the defaults are those of cs-firewall-bouncer', () => {
  const config = read(least);
  assert.deepEqual(config.nftables, {
    4: { table: 'crowdsec', chain: 'crowdsec-chain', set: 'crowdsec-blacklists', priority: -10, isSetOnly: false },
    6: { table: 'crowdsec6', chain: 'crowdsec6-chain', set: 'crowdsec6-blacklists', priority: -10, isSetOnly: false } });
  assert.deepEqual([config.updateFrequencyMs, config.types, config.isReject, config.logPrefix, config.prometheus, config.api.url],
    [10_000, ['ban'], false, null, null, 'http://127.0.0.1:8080/']);
});

test('a file with everything of the older generation is taken', () => {
  const config = read(`${least}pid_dir: /var/run/
update_frequency: 2s
daemonize: true
log_mode: file
log_dir: /tmp/
log_level: warning
log_compression: true
log_max_size: 100
log_max_backups: 3
log_max_age: 30
insecure_skip_verify: true
disable_ipv6: true
deny_action: REJECT
deny_log: true
deny_log_prefix: "x: "
supported_decisions_types:
  - ban
  - captcha
blacklists_ipv4: bl
ipset_type: nethash
iptables_chains:
  - INPUT
nftables:
  ipv4:
    enabled: true
    set-only: true
    table: filter
    chain: input
pf:
  anchor_name: ""
prometheus:
  enabled: true
  listen_addr: 127.0.0.1
  listen_port: 60601
`);
  assert.deepEqual([config.updateFrequencyMs, config.families, config.isReject, config.logPrefix, config.types],
    [2000, [4], true, 'x: ', ['ban', 'captcha']]);
  assert.deepEqual(config.nftables[4], { table: 'filter', chain: 'input', set: 'bl', priority: -10, isSetOnly: true });
  assert.deepEqual([config.log, config.prometheus], [{ level: 'warning', file: '/tmp/crowdsec-firewall-bouncer.log' },
    { address: '127.0.0.1', port: 60601 }]);
});

test('keys of the newer generation are taken', () => {
  const config = read(`mode: iptables
api_url: /run/crowdsec.sock
api_key: k
compress_logs: true
log_max_files: 10
retry_initial_connect: true
iptables_v4_chains: [INPUT, DOCKER-USER]
iptables_add_rule_comments: true
ipset_size: 200000
nftables_hooks: [prerouting]
scopes: [Ip]
origins: [crowdsec, cscli]
scenarios_containing: [ssh]
`);
  assert.deepEqual([config.mode, config.ipset.chains[4], config.ipset.size, config.hooks, config.filter, config.api.url],
    ['iptables', ['INPUT', 'DOCKER-USER'], 200_000, ['prerouting'],
      { scopes: 'Ip', origins: 'crowdsec,cscli', scenarios_containing: 'ssh' }, '/run/crowdsec.sock']);
});

test('the .local file overrides, and our own settings stand beside', () => {
  const config = read(least, { 'bouncer.yaml.local': 'api_key: other\n',
    'palisade-bouncer.yaml': 'never_ban: [192.0.2.0/24]\nwidest_ipv4: 8\ncut_connections: false\n' });
  assert.deepEqual([config.api.key, config.neverBan, config.widestBits[4], config.cutsConnections],
    ['other', ['192.0.2.0/24'], 8, false]);
});

test('countries and networks by number are asked for when there is a database for them', () => {
  assert.deepEqual([read(least).filter, read(least).geo, read(least).isPushed], [{}, { country: null, asn: null }, true]);
  const config = read(least, { 'palisade-bouncer.yaml': 'country_database: /c.mmdb\npush: false\n' });
  assert.deepEqual([config.filter, config.geo, config.isPushed], [{ scopes: 'ip,range,country,as' }, { country: '/c.mmdb', asn: null }, false]);
});

test('the example of our own settings is taken', () => {
  const example = readFileSync(join(projectRoot, 'bouncer/palisade-bouncer.example.yaml'), 'utf8');
  assert.deepEqual(read(least, { 'palisade-bouncer.yaml': example }).neverBan, ['192.0.2.10', '2001:db8::/48']);
});

const refused: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ['an unknown mode', least.replace('nftables', 'pf'), /mode "pf" is not one of nftables, iptables, ipset/],
  ['no api_url', 'mode: nftables\napi_key: k\n', /api_url is missing/],
  ['no key', 'mode: nftables\napi_url: http://x\n', /api_key is missing/],
  ['an unknown key', `${least}apikey: 3\n`, /apikey/],
  ['an unknown action', `${least}deny_action: TARPIT\n`, /deny_action/],
  ['no family', `${least}disable_ipv4: true\ndisable_ipv6: true\n`, /nothing to do/],
  ['a duration that is none', `${least}update_frequency: often\n`, /often/],
];
for (const [name, text, message] of refused) {
  test(`${name} is refused`, () => assert.throws(() => read(text), message));
}
