// How events pass nodes and stages, and what each kind of mistake does: the traps of the specification, each a small
// world of rules, run through the batch runner, the scalar walker and the oracle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventSnapshot } from '../../ts/parser/trace.js';
import { ThreeWays, writeRules } from './three-ways.js';

interface Case {
  readonly name: string;
  readonly rules: Readonly<Record<string, string>>;
  readonly line: string;
  /** What the event must show; a key absent from Parsed or Meta is undefined there. */
  readonly expect: (event: EventSnapshot) => Record<string, unknown>;
  readonly wanted: Record<string, unknown>;
}

/** A first stage that takes every line on. */
const entry = { 's00-raw/a-entry.yaml': 'name: t/entry\nonsuccess: next_stage\nstatics: [{ parsed: message, expression: evt.Line.Raw }]\n' };
/** A last stage that is always OK. */
const exit = { 's02-end/z-exit.yaml': 'name: t/exit\nstatics: [{ meta: exit, value: reached }]\n' };

function stage1(text: string): Record<string, string> {
  return { ...entry, 's01-parse/m.yaml': text, ...exit };
}

const cases: Case[] = [
  {
    name: 'a parent without a grok takes the state of its last child',
    rules: stage1(`name: t/last
nodes:
  - { name: c1, statics: [{ meta: first, value: ran }] }
  - { name: c2, filter: "false", statics: [{ meta: second, value: ran }] }
statics: [{ meta: parent, value: ran }]
`),
    line: 'x',
    expect: ({ Meta, Process }) => ({ first: Meta['first'], parent: Meta['parent'], Process }),
    wanted: { first: 'ran', parent: undefined, Process: false },
  },
  {
    name: 'with next_stage the first OK child wins and the others do not run',
    rules: stage1(`name: t/first
onsuccess: next_stage
nodes:
  - { filter: "false", statics: [{ meta: a, value: ran }] }
  - { statics: [{ meta: b, value: ran }] }
  - { statics: [{ meta: c, value: ran }] }
`),
    line: 'x',
    expect: ({ Meta, Process }) => ({ a: Meta['a'], b: Meta['b'], c: Meta['c'], Process }),
    wanted: { a: undefined, b: 'ran', c: undefined, Process: true },
  },
  {
    name: 'children run after a failed grok and an OK one rescues the parent, whose statics then run',
    rules: stage1(`name: t/rescue
onsuccess: next_stage
grok: { pattern: 'user=%{WORD:user}', apply_on: message, statics: [{ meta: grok, value: ran }] }
nodes:
  - grok: { pattern: 'id=%{INT:id}', apply_on: message }
statics: [{ meta: parent, value: ran }]
`),
    line: 'id=7',
    expect: ({ Meta, Parsed, Process }) => ({ grok: Meta['grok'], parent: Meta['parent'], id: Parsed['id'], Process }),
    wanted: { grok: undefined, parent: 'ran', id: '7', Process: true },
  },
  {
    name: 'a parent whose grok matched stays OK whatever its children do',
    rules: stage1(`name: t/stays
onsuccess: next_stage
grok: { pattern: 'id=%{INT:id}', apply_on: message }
nodes:
  - { filter: "false", statics: [{ meta: a, value: ran }] }
statics: [{ meta: parent, value: ran }]
`),
    line: 'id=7',
    expect: ({ Meta, Process }) => ({ parent: Meta['parent'], Process }),
    wanted: { parent: 'ran', Process: true },
  },
  {
    name: 'what a KO node captured and set stays',
    rules: { ...stage1(`name: t/no-rollback
filter: SetMeta("seen", "yes") && evt.Line.Raw contains "id"
nodes:
  - grok: { pattern: 'id=%{INT:id}', apply_on: message, statics: [{ meta: child, value: ran }] }
  - { filter: "false", statics: [{ meta: x, value: x }] }
statics: [{ meta: parent, value: ran }]
`.replace('SetMeta("seen", "yes")', 'evt.SetMeta("seen", "yes")')),
    's01-parse/n.yaml': 'name: t/next\nonsuccess: next_stage\nstatics: [{ meta: next, expression: evt.Parsed.id }]\n' },
    line: 'id=7',
    expect: ({ Meta }) => ({ seen: Meta['seen'], child: Meta['child'], parent: Meta['parent'], next: Meta['next'] }),
    wanted: { seen: 'yes', child: 'ran', parent: undefined, next: '7' },
  },
  {
    name: 'a group that took no part empties a value of an earlier node',
    rules: { ...stage1(`name: t/one
statics: [{ parsed: port, value: "80" }, { meta: before, expression: evt.Parsed.port }]
`), 's01-parse/n.yaml': `name: t/two
onsuccess: next_stage
grok: { pattern: 'host %{WORD:host}( port %{INT:port})?', apply_on: message }
statics: [{ meta: port, value: kept }, { meta: port, expression: evt.Parsed.port }]
` },
    line: 'host a',
    expect: ({ Meta, Parsed }) => ({ before: Meta['before'], port: Parsed['port'], meta: Meta['port'] }),
    wanted: { before: '80', port: '', meta: 'kept' },
  },
  {
    name: 'a field named twice keeps the last group, be it empty',
    rules: stage1(`name: t/twice
onsuccess: next_stage
grok: { pattern: '(a=%{INT:n})?( b=%{INT:n})?', apply_on: message }
`),
    line: 'a=1',
    expect: ({ Parsed }) => ({ n: Parsed['n'] }),
    wanted: { n: '' },
  },
  {
    name: 'a grok without a named capture fails though its expression matches',
    rules: stage1(`name: t/captureless
onsuccess: next_stage
grok: { pattern: 'Reason: .*', apply_on: message }
`),
    line: 'Reason: none',
    expect: ({ Process }) => ({ Process }),
    wanted: { Process: false },
  },
  {
    name: 'a grok on a key that is absent fails, one on an empty value may match',
    rules: { ...stage1('name: t/absent\nonsuccess: next_stage\ngrok: { pattern: "%{GREEDYDATA:all}", apply_on: nothing }\n'),
      's01-parse/n.yaml': `name: t/empty
onsuccess: next_stage
grok: { pattern: '(x=%{INT:x})?', apply_on: message }
nodes:
  - { grok: { pattern: '%{GREEDYDATA:all}', apply_on: x }, statics: [{ meta: empty, value: matched }] }
` },
    line: 'y',
    expect: ({ Meta, Parsed, Process }) => ({ empty: Meta['empty'], all: Parsed['all'], Process }),
    wanted: { empty: 'matched', all: '', Process: true },
  },
  {
    name: 'a static whose expression gives a bool ends the event',
    rules: stage1('name: t/bool\nonsuccess: next_stage\nstatics: [{ meta: a, value: x }, { meta: b, expression: "1 == 1" }, { meta: c, value: x }]\n'),
    line: 'x',
    expect: ({ Meta, Process, Stage }) => ({ a: Meta['a'], b: Meta['b'], c: Meta['c'], Process, Stage }),
    wanted: { a: 'x', b: undefined, c: undefined, Process: false, Stage: 's01-parse' },
  },
  {
    name: 'a static whose expression gives a list of strings ends the event',
    rules: stage1('name: t/list\nonsuccess: next_stage\nstatics: [{ meta: a, expression: "Split(evt.Line.Raw, \' \')" }]\n'),
    line: 'a b',
    expect: ({ Process }) => ({ Process }),
    wanted: { Process: false },
  },
  {
    name: 'a static whose expression fails is passed over, nil and empty texts leave the old value',
    rules: stage1(`name: t/skips
onsuccess: next_stage
statics:
  - { meta: a, value: old }
  - { meta: a, expression: evt.Unmarshaled.none.deeper }
  - { meta: a, expression: evt.Unmarshaled.none }
  - { meta: a, expression: evt.Parsed.none }
  - { meta: b, expression: "evt.Parsed.none + ''" }
`),
    line: 'x',
    expect: ({ Meta, Process }) => ({ a: Meta['a'], hasB: 'b' in Meta, Process }),
    wanted: { a: 'old', hasB: false, Process: true },
  },
  {
    name: 'an int becomes decimal, a float of JSON gets six decimals, a list of JSON nothing',
    rules: stage1(`name: t/numbers
onsuccess: next_stage
filter: UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, "j") in ["", nil]
statics:
  - { meta: int, expression: "len(evt.Line.Raw)" }
  - { meta: float, expression: evt.Unmarshaled.j.n }
  - { meta: whole, expression: int(evt.Unmarshaled.j.n) }
  - { meta: list, expression: evt.Unmarshaled.j.l }
`),
    line: '{"n":6,"l":[1]}',
    expect: ({ Meta }) => ({ int: Meta['int'], float: Meta['float'], whole: Meta['whole'], list: Meta['list'] }),
    wanted: { int: '15', float: '6.000000', whole: '6', list: undefined },
  },
  {
    name: 'a line that is OK nowhere in a stage is lost there',
    rules: { ...entry, 's01-parse/m.yaml': 'name: t/ko\nfilter: "false"\nstatics: [{ meta: a, value: b }]\n', ...exit },
    line: 'x',
    expect: ({ Stage, Process, Meta }) => ({ Stage, Process, exit: Meta['exit'] }),
    wanted: { Stage: 's01-parse', Process: false, exit: undefined },
  },
  {
    name: 'an OK node without next_stage does not move the event, which dies at the next stage',
    rules: stage1('name: t/stuck\nstatics: [{ meta: a, value: ran }]\n'),
    line: 'x',
    expect: ({ Stage, Process, Meta }) => ({ Stage, Process, a: Meta['a'], exit: Meta['exit'] }),
    wanted: { Stage: 's01-parse', Process: false, a: 'ran', exit: undefined },
  },
  {
    name: 'a child and its parent with next_stage move the event twice',
    rules: { ...stage1(`name: t/twice
onsuccess: next_stage
nodes:
  - { onsuccess: next_stage, statics: [{ meta: a, value: ran }] }
`), 's03-after/a.yaml': 'name: t/after\nstatics: [{ meta: after, value: reached }]\n' },
    line: 'x',
    expect: ({ Stage, Process, Meta }) => ({ Stage, Process, exit: Meta['exit'], after: Meta['after'] }),
    wanted: { Stage: 's03-after', Process: true, exit: undefined, after: 'reached' },
  },
  {
    name: 'a child that moves the stage ends the stage for the later top nodes',
    rules: { ...stage1(`name: t/mover
nodes:
  - { onsuccess: next_stage, statics: [{ meta: a, value: ran }] }
  - { filter: "false", statics: [{ meta: b, value: ran }] }
`), 's01-parse/n.yaml': 'name: t/later\nstatics: [{ meta: later, value: ran }]\n' },
    line: 'x',
    expect: ({ Stage, Process, Meta }) => ({ Stage, Process, later: Meta['later'] }),
    wanted: { Stage: 's02-end', Process: false, later: undefined },
  },
  {
    name: 'a failing filter and one that is no bool are false',
    rules: { ...stage1('name: t/error\nonsuccess: next_stage\nfilter: evt.Unmarshaled.a.b == "x"\nstatics: [{ meta: a, value: ran }]\n'),
      's01-parse/n.yaml': 'name: t/nobool\nonsuccess: next_stage\nfilter: evt.Unmarshaled.a\nstatics: [{ meta: b, value: ran }]\n' },
    line: 'x',
    expect: ({ Process, Meta }) => ({ Process, a: Meta['a'], b: Meta['b'] }),
    wanted: { Process: false, a: undefined, b: undefined },
  },
  {
    name: 'a whitelist by network marks the event, which goes on through later nodes',
    rules: { ...entry, 's01-parse/m.yaml': 'name: t/ip\nonsuccess: next_stage\ngrok: { pattern: "%{IP:ip}", apply_on: message }\nstatics: [{ meta: source_ip, expression: evt.Parsed.ip }]\n',
      's02-end/a.yaml': 'name: t/wl\nwhitelist: { reason: inside, cidr: ["10.0.0.0/8"], ip: ["192.0.2.1"] }\nstatics: [{ meta: listed, value: "yes" }]\n',
      's02-end/b.yaml': 'name: t/wl2\nwhitelist: { reason: again, expression: ["evt.Unmarshaled.a.b", "true"] }\nstatics: [{ meta: second, value: "yes" }]\n',
      ...exit },
    line: 'from 10.1.2.3',
    expect: ({ Whitelisted, WhitelistReason, Meta, Process }) => (
      { Whitelisted, WhitelistReason, listed: Meta['listed'], second: Meta['second'], exit: Meta['exit'], Process }),
    wanted: { Whitelisted: true, WhitelistReason: 'inside', listed: 'yes', second: undefined, exit: 'reached', Process: true },
  },
  {
    name: 'a whitelist that does not match is OK all the same, without its statics',
    rules: { ...entry, 's01-parse/m.yaml': 'name: t/wl\nonsuccess: next_stage\nwhitelist: { reason: r, expression: ["1 == 2"] }\nstatics: [{ meta: a, value: ran }]\n', ...exit },
    line: 'x',
    expect: ({ Whitelisted, Meta, Process }) => ({ Whitelisted, a: Meta['a'], Process }),
    wanted: { Whitelisted: false, a: undefined, Process: true },
  },
  {
    name: 'targets walk by Go names, stop at a map, and are silent when they name nothing',
    rules: stage1(`name: t/targets
onsuccess: next_stage
statics:
  - { target: evt.Parsed.a.b, value: "1" }
  - { target: Meta.m, value: "2" }
  - { target: evt.StrTime, value: "3" }
  - { target: source_ip, value: "4" }
  - { target: evt.Line.Labels.extra, value: "5" }
  - { target: evt.Unmarshaled.u, value: "6" }
  - { target: evt.Overflow.Alert.Source.Value, value: "7" }
  - { target: evt.Whitelisted, value: "8" }
`),
    line: 'x',
    expect: ({ Parsed, Meta, StrTime, Line, Unmarshaled, Whitelisted }) => (
      { a: Parsed['a'], m: Meta['m'], StrTime, extra: Line.Labels['extra'], u: Unmarshaled['u'], Whitelisted, ip: Meta['source_ip'] }),
    wanted: { a: '1', m: '2', StrTime: '3', extra: '5', u: '6', Whitelisted: false, ip: undefined },
  },
  {
    name: 'a rule may rewrite the line: captures taken before keep their text, groks after see the new one',
    rules: stage1(`name: t/rewrite
onsuccess: next_stage
grok: { pattern: '^%{WORD:first} ', apply_on: message }
statics: [{ target: evt.Line.Raw, expression: "'zzzz ' + evt.Parsed.first" }, { meta: copy, expression: evt.Parsed.first }]
nodes:
  - { grok: { pattern: '^%{WORD:second}', apply_on: Line.Raw } }
`),
    line: 'alpha beta',
    expect: ({ Parsed, Meta, Line }) => ({ first: Parsed['first'], message: Parsed['message'], copy: Meta['copy'], Raw: Line.Raw }),
    wanted: { first: 'alpha', message: 'alpha beta', copy: 'alpha', Raw: 'zzzz alpha' },
  },
  {
    name: 'a grok on an expression takes strings and numbers, and reads everything else as the empty text',
    rules: stage1(`name: t/expression
onsuccess: next_stage
nodes:
  - { grok: { pattern: '^%{INT:len}$', expression: "len(evt.Line.Raw)" } }
statics: [{ meta: len, expression: evt.Parsed.len }]
`),
    line: 'abc',
    expect: ({ Meta }) => ({ len: Meta['len'] }),
    wanted: { len: '3' },
  },
  {
    name: 'captures of a line that is not ASCII are the right characters',
    rules: stage1(`name: t/utf8
onsuccess: next_stage
grok: { pattern: 'ü=%{NOTSPACE:u} é=%{NOTSPACE:e}', apply_on: message }
nodes:
  - { grok: { pattern: '^%{WORD:w}|%{NOTSPACE:w}', expression: "evt.Parsed.e + ''" } }
`),
    line: 'grüß ü=日本 é=x€y z',
    expect: ({ Parsed }) => ({ u: Parsed['u'], e: Parsed['e'], message: Parsed['message'] }),
    wanted: { u: '日本', e: 'x€y', message: 'grüß ü=日本 é=x€y z' },
  },
];

for (const { name, rules, line, expect, wanted } of cases) {
  test(name, async () => {
    const world = new ThreeWays(writeRules(rules));
    const { outcomes } = await world.run([line, 'something else entirely', line]);
    assert.deepEqual(expect(outcomes[0]), wanted);
    assert.deepEqual(outcomes[2], outcomes[0]);
  });
}
