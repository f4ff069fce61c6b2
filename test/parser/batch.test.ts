// What only the batch runner has: several sources in one batch, counters, events that wait for the stash, batches of
// any size in a row.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../ts/event/event.js';
import { batchOf, ThreeWays, writeRules } from './three-ways.js';

const rules = {
  's00-raw/a.yaml': 'name: t/entry\nonsuccess: next_stage\ngrok: { pattern: "^%{WORD:program}: %{GREEDYDATA:message}", apply_on: Line.Raw }\n',
  's01-parse/a.yaml': `name: t/sshd
filter: evt.Parsed.program == "sshd"
onsuccess: next_stage
nodes:
  - grok: { pattern: 'from %{IP:ip}', apply_on: message }
statics: [{ meta: source_ip, expression: evt.Parsed.ip }]
`,
  's01-parse/b.yaml': 'name: t/app\nfilter: evt.Line.Labels.type == "app"\nonsuccess: next_stage\nstatics: [{ meta: app, value: "yes" }]\n',
  's02-enrich/a.yaml': 'name: t/list\nwhitelist: { reason: private, cidr: ["10.0.0.0/8"], expression: ["evt.Meta.app == \'yes\'"] }\nstatics: [{ meta: done, value: "yes" }]\n',
};

test('one batch may hold lines of several sources', () => {
  const world = new ThreeWays(writeRules(rules));
  const first = batchOf(['sshd: from 192.0.2.1', 'x: y'], { type: 'syslog' }, 'auth.log');
  const second = batchOf(['x: y', 'sshd: from 10.0.0.1'], { type: 'app' }, 'app.log');
  const events = [[first, 0], [second, 0], [first, 1], [second, 1]].map(([batch, index]) => {
    const event = new Event(world.names);
    event.resetToLine(batch as typeof first, (batch as typeof first).bytes as Buffer, index as number);
    return event;
  });
  assert.equal(world.parser.parseBatch(events, events.length), 0);
  assert.deepEqual(events.map((event) => [event.process, event.meta.get('app'), event.meta.get('source_ip')]),
    [[true, '', '192.0.2.1'], [true, 'yes', ''], [false, '', ''], [true, '', '10.0.0.1']]);
});

test('events are used again from batch to batch without traces of the last line', () => {
  const world = new ThreeWays(writeRules(rules));
  const events = Array.from({ length: 8 }, () => new Event(world.names));
  for (const size of [3, 8, 1]) {
    const batch = batchOf(Array.from({ length: size }, (_, index) => (index % 2 === 0 ? 'sshd: from 192.0.2.1' : 'sshd: nothing')),
      { type: 'syslog' }, 'auth.log');
    for (let index = 0; index < size; index++) events[index].resetToLine(batch, batch.bytes as Buffer, index);
    world.parser.parseBatch(events, size);
    assert.deepEqual(events.slice(0, size).map((event) => event.process), Array.from({ length: size }, (_, index) => index % 2 === 0));
  }
});

test('counters have the names, labels and sums that CrowdSec gives them', async () => {
  const world = new ThreeWays(writeRules(rules));
  world.runFast(batchOf(['sshd: from 10.0.0.1', 'sshd: from 192.0.2.1', 'sshd: nothing', '???'], { type: 'syslog' }, 'auth.log'));
  const source = { source: 'auth.log', type: 'file' };
  const acquis = { ...source, acquis_type: 'syslog' };
  const node = (name: string, stage: string): Record<string, string> => ({ ...source, name, stage, acquis_type: 'syslog' });
  const list = { ...node('t/list', 's02-enrich'), reason: 'private' };
  const wanted: [string, Record<string, string>, number][] = [
    ['cs_parser_hits_total', source, 4], ['cs_parser_hits_ok_total', acquis, 2], ['cs_parser_hits_ko_total', acquis, 2],
    ['cs_node_hits_total', node('t/entry', 's00-raw'), 4], ['cs_node_hits_ok_total', node('t/entry', 's00-raw'), 3],
    ['cs_node_hits_ko_total', node('t/entry', 's00-raw'), 1],
    ['cs_node_hits_total', node('t/sshd', 's01-parse'), 3], ['cs_node_hits_ok_total', node('t/sshd', 's01-parse'), 2],
    ['cs_node_hits_ko_total', node('t/sshd', 's01-parse'), 1],
    ['cs_node_hits_total', node('child-t/sshd', 's01-parse'), 3], ['cs_node_hits_ok_total', node('child-t/sshd', 's01-parse'), 2],
    ['cs_node_hits_ko_total', node('child-t/sshd', 's01-parse'), 1],
    ['cs_node_hits_total', node('t/list', 's02-enrich'), 2], ['cs_node_hits_ok_total', node('t/list', 's02-enrich'), 2],
    // Addresses are asked about both, expressions about the one that they did not settle.
    ['cs_node_wl_hits_total', list, 3], ['cs_node_wl_hits_ok_total', list, 1],
  ];
  const byText = (entries: [string, Record<string, string>, number][]): string[] => (
    entries.map(([name, labels, value]) => `${name}${JSON.stringify(Object.entries(labels).sort())}=${value}`).sort());
  const found = world.counters.snapshot().map(({ name, labels, value }) => [name, { ...labels }, value] as [string, Record<string, string>, number]);
  assert.deepEqual(byText(found), byText(wanted));
});

const stashRules = {
  's00-raw/a.yaml': 'name: t/entry\nonsuccess: next_stage\ngrok: { pattern: "^%{WORD:program} %{WORD:key} ?%{DATA:value}$", apply_on: Line.Raw }\n',
  's01-parse/a.yaml': `name: t/put
filter: evt.Parsed.program == "put"
onsuccess: next_stage
stash: [{ name: s, key: evt.Parsed.key, value: evt.Parsed.value, ttl: 1m }]
statics: [{ meta: put, value: "yes" }]
`,
  's01-parse/b.yaml': 'name: t/get\nfilter: evt.Parsed.program == "get"\nonsuccess: next_stage\nstatics: [{ meta: got, expression: "GetFromStash(\'s\', evt.Parsed.key)" }]\n',
  's01-parse/c.yaml': 'name: t/other\nonsuccess: next_stage\nstatics: [{ meta: other, value: "yes" }]\n',
  's02-enrich/a.yaml': 'name: t/end\nstatics: [{ meta: end, value: "yes" }]\n',
};

test('events that use a stash wait, and are finished in the order of the log; the others do not', () => {
  const world = new ThreeWays(writeRules(stashRules));
  const batch = batchOf(['get a', 'put a 1', 'plain x', 'get a', 'put a 2', 'get a'], { type: 'syslog' }, 'x.log');
  const events = Array.from({ length: batch.count }, (_, index) => {
    const event = new Event(world.names);
    event.resetToLine(batch, batch.bytes as Buffer, index);
    return event;
  });
  assert.equal(world.parser.parseBatch(events, batch.count), 5);
  assert.deepEqual(events.map((event) => event.process), [false, false, true, false, false, false]);
  world.parser.runStashPass();
  assert.deepEqual(events.map((event) => event.process), [true, true, true, true, true, true]);
  assert.deepEqual(events.map((event) => event.meta.get('got')), ['', '', '', '1', '', '2']);
  assert.deepEqual(events.map((event) => event.meta.get('end')), Array(6).fill('yes'));
  const counted = Object.fromEntries(world.counters.snapshot().map(({ name, labels, value }) => [`${name} ${labels['name'] ?? ''}`, value]));
  assert.equal(counted['cs_parser_hits_total '], 6);
  assert.equal(counted['cs_parser_hits_ok_total '], 6);
  assert.equal(counted['cs_node_hits_ok_total t/end'], 6);
});

test('what one batch stashes the next one reads', async () => {
  const world = new ThreeWays(writeRules(stashRules));
  await world.run(['put a 1', 'put b 2']);
  const { outcomes } = await world.run(['get b', 'get a', 'get c']);
  assert.deepEqual(outcomes.map(({ Meta }) => Meta['got']), ['2', '1', undefined]);
});

test('a line of 65,534 bytes is captured to its last byte', async () => {
  const world = new ThreeWays(writeRules(rules));
  const text = `sshd: ${'x'.repeat(65_534 - 6 - 15)}from 192.0.2.111`.slice(0, 65_534);
  const { outcomes } = await world.run([text]);
  assert.equal(outcomes[0].Parsed['message'].length, text.length - 6);
  assert.ok(text.endsWith(`from ${outcomes[0].Parsed['ip']}`));
});

test('bytes that are no UTF-8 become U+FFFD where they are read and nowhere else', () => {
  const world = new ThreeWays(writeRules(rules));
  const bytes = Buffer.concat([Buffer.from('sshd: '), Buffer.from([0xff, 0xfe]), Buffer.from(' from 192.0.2.7')]);
  const batch = { ...batchOf(['x'], { type: 'syslog' }, 'x.log'), bytes, spans: Uint32Array.of(0, bytes.length), flags: new Uint8Array(1) };
  const [event] = world.runFast(batch);
  // RE2 matches no character there, so the rest of the line is not reached: as CrowdSec, the line is not parsed.
  assert.equal(event.process, false);
  assert.equal(event.line.raw, 'sshd: \ufffd\ufffd from 192.0.2.7');
});

/** What stands between two whitelists that look at Meta.x, which is empty before and then what the second one looks for. */
const changes: Readonly<Record<string, string>> = {
  'statics of a node': '{ statics: [{ meta: x, value: wanted }] }',
  'statics of a grok': '{ grok: { pattern: "h%{GREEDYDATA:rest}", apply_on: message, statics: [{ meta: x, value: wanted }] } }',
  'a filter that lets nobody in': '{ filter: "evt.SetMeta(\'x\', \'wanted\') && evt.Meta.x == \'\'", statics: [{ meta: y, value: never }] }',
  'a whitelist': '{ whitelist: { reason: sets, expression: ["evt.SetMeta(\'x\', \'wanted\') && evt.Meta.x == \'\'"] } }',
};
for (const [what, between] of Object.entries(changes)) {
  test(`a whitelist sees what ${what} wrote after another looked at the same field`, async () => {
    const whitelist = (reason: string): string => `{ whitelist: { reason: ${reason}, expression: ["evt.Meta.x startsWith 'want'"] } }`;
    for (const isInside of [true, false]) {
      const nodes = [whitelist('first'), between, whitelist('second')];
      const world = new ThreeWays(writeRules({ 's00-raw/a.yaml': rules['s00-raw/a.yaml'], ...(isInside
        ? { 's01-parse/b.yaml': `name: t/b\nnodes: [${nodes.join(', ')}]\n` }
        : Object.fromEntries(nodes.map((node, index) => [`s01-parse/${'bcd'[index]}.yaml`, node.replace('{', `{ name: t/${index},`)]))),
      's01-parse/z.yaml': 'name: t/z\nstatics: [{ meta: z, value: ran }]\n' }));
      await world.run(['sshd: hello', 'sshd: x']);
      const batch = batchOf(Array.from({ length: 5 }, (_, index) => `sshd: hello ${index}`), { type: 'syslog' }, 'auth.log');
      for (let round = 0; round < 2; round++) {
        const events = world.runFast(batch);
        assert.deepEqual(events.map(({ whitelistReason }) => whitelistReason), Array.from({ length: 5 }, () => 'second'), `inside: ${isInside}`);
      }
    }
  });
}
