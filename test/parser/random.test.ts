// Random worlds of rules over random lines: the batch runner, the scalar walker and the oracle must agree on every event.
// The rules are built from pieces that meet each other's fields, so that order, state and leftovers matter.

import { test } from 'node:test';
import { ThreeWays, writeRules } from './three-ways.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

type Random = (below: number) => number;

const programs = ['sshd', 'nginx', 'cron', 'ünïx', ''];

const filters = [
  'evt.Parsed.program == "sshd"', 'evt.Parsed.program in ["nginx", "cron"]', 'Lower(evt.Parsed.program) == "nginx"',
  'evt.Parsed.message contains "user"', 'evt.Parsed.program == "sshd" && evt.Parsed.message contains "1"',
  'evt.Line.Labels.type == "syslog"', 'evt.Line.Labels.type == "other" || evt.Parsed.program != "cron"',
  'evt.Parsed.program startsWith "n" && evt.SetMeta("touched", evt.Parsed.program)',
  'evt.SetParsed("program", "nginx") && evt.Parsed.message contains "id"', 'evt.Meta.a == "1"', 'evt.Meta.b != ""',
  'evt.Unmarshaled.none.deeper == "x"', 'evt.Parsed.user == ""', 'evt.Parsed.program == "cron" && evt.Meta.a == "2"',
  'UnmarshalJSON(evt.Parsed.message, evt.Unmarshaled, "j") in ["", nil]', 'len(evt.Parsed.message) > 20', 'false', 'true',
];

const patterns = [
  'user=%{WORD:user}', 'id=%{INT:id}( port=%{INT:port})?', '^%{WORD:program} ', '%{GREEDYDATA:message} end$',
  '(a=%{NOTSPACE:x})?( b=%{NOTSPACE:x})?', 'from %{IP:ip}', 'ü=%{NOTSPACE:user}', 'id=[0-9]+', '%{DATA:user} %{GREEDYDATA:rest}',
];

const subjects = ['apply_on: message', 'apply_on: message', 'apply_on: Line.Raw', 'apply_on: user', 'apply_on: rest',
  'expression: evt.Parsed.message + evt.Parsed.user', 'expression: evt.Unmarshaled.j.n', 'expression: len(evt.Parsed.message)'];

const statics = [
  '{ meta: a, value: "1" }', '{ meta: a, value: "2" }', '{ meta: b, expression: evt.Parsed.user }', '{ parsed: program, value: cron }',
  '{ meta: b, expression: evt.Meta.a }', '{ parsed: message, expression: evt.Line.Raw }', '{ parsed: user, expression: evt.Parsed.message }',
  '{ parsed: message, expression: evt.Parsed.rest }', '{ meta: j, expression: evt.Parsed.user + evt.Parsed.id }', '{ target: evt.StrTime, expression: evt.Parsed.id }',
  '{ meta: source_ip, expression: evt.Parsed.ip }', '{ meta: n, expression: evt.Unmarshaled.j.n }', '{ meta: l, expression: len(evt.Line.Raw) }',
  '{ target: evt.Line.Labels.type, value: other }', '{ target: evt.Parsed.port, expression: evt.Parsed.id + ":" + evt.Parsed.port }',
  '{ method: ParseDate, expression: evt.StrTime }', '{ enriched: e, meta: e, expression: evt.Enriched.MarshaledTime }',
];

/** These end the event or change the line: rarer, or nothing would be left to compare. */
const drasticStatics = ['{ meta: bad, expression: 1 == 1 }', '{ meta: bad, expression: "Split(evt.Line.Raw, \' \')" }',
  '{ target: evt.Line.Raw, expression: evt.Parsed.message + " end" }'];

const whitelists = ['{ reason: net, cidr: ["10.0.0.0/8"] }', '{ reason: one, ip: ["192.0.2.1", "::1"] }',
  '{ reason: failing, expression: ["evt.Unmarshaled.none.deeper", "true"] }',
  '{ reason: said, expression: ["evt.Parsed.user", "evt.Parsed.program == \'sshd\'"] }',
  '{ reason: tested, expression: ["evt.Parsed.user contains \'1\' && evt.Meta.a == \'2\'", "evt.Parsed.message startsWith \'from 10\'"] }',
  '{ reason: tested too, cidr: ["10.0.0.0/30"], expression: ["evt.Meta.a == \'1\' and evt.SetMeta(\'seen\', evt.Parsed.id)", "evt.Parsed.id in [\'2\', \'3\']"] }',
  '{ reason: tested last, expression: ["evt.Meta.b endsWith \'u0\'", "evt.Unmarshaled.none.deeper && evt.Parsed.id == \'1\'", "evt.Meta.b matches \'^port=[0-9]{4}\'", "evt.Parsed.user != \'\'"] }'];

const stashes = ['{ name: s, key: evt.Parsed.program, value: evt.Parsed.user, ttl: 1m, size: 3 }',
  '{ name: t, key: evt.Parsed.id, value: evt.Meta.a, ttl: 1m, size: 2, strategy: LFU }'];

for (let world = 0; world < 25; world++) {
  const seed = testSeed() + world;
  test(`random world of seed ${seed}`, async () => {
    const random = generator(seed);
    const rules: Record<string, string> = { 's00-raw/a.yaml': entryRule(random) };
    for (let file = 0; file < 6 + random(6); file++) {
      const stage = ['s00-raw', 's01-parse', 's01-parse', 's02-enrich'][random(4)];
      rules[`${stage}/${String.fromCharCode(98 + file)}.yaml`] = `name: t/${file}\n${nodeText(random, 0, '')}`;
    }
    rules['s01-parse/z.yaml'] = 'name: t/z1\nonsuccess: next_stage\nstatics: [{ meta: z, value: ran }]\n';
    rules['s02-enrich/z.yaml'] = 'name: t/z2\nstatics: [{ meta: y, value: ran }]\n';
    const ways = new ThreeWays(writeRules(rules));
    for (let batch = 0; batch < 2; batch++) {
      await ways.run(Array.from({ length: 40 }, () => lineText(random)), { type: ['syslog', 'other'][random(2)] });
    }
  });
}

function entryRule(random: Random): string {
  const onSuccess = random(5) === 0 ? '' : 'onsuccess: next_stage\n';
  return `name: t/entry\n${onSuccess}grok: { pattern: "^%{NOTSPACE:program}: %{GREEDYDATA:message}", apply_on: Line.Raw }\n`;
}

function nodeText(random: Random, depth: number, indent: string): string {
  const lines: string[] = [];
  if (random(3) > 0) lines.push(`filter: '${pick(random, filters).replaceAll("'", "''")}'`);
  if (random(2) === 0) {
    lines.push('grok:', `  pattern: '${pick(random, patterns)}'`, `  ${pick(random, subjects)}`);
    if (random(2) === 0) lines.push(`  statics: [${staticList(random)}]`);
  }
  if (random(8) === 0) lines.push(`stash: [${pick(random, stashes)}]`);
  if (random(3) === 0) lines.push(`whitelist: ${pick(random, whitelists)}`);
  if (depth < 2 && random(5) === 0) {
    // Enough bare groks on one text to be ruled out together.
    const subject = pick(random, subjects.slice(0, 5));
    lines.push('onsuccess: next_stage', 'nodes:');
    for (let child = 0; child < 4 + random(4); child++) {
      lines.push(`  - { grok: { pattern: '${pick(random, patterns)}', ${subject} }, statics: [${staticList(random)}] }`);
    }
  } else if (depth < 2 && random(2) === 0) {
    lines.push('nodes:');
    for (let child = 0; child < 1 + random(3); child++) {
      lines.push(`  - ${nodeText(random, depth + 1, `${indent}    `).trimStart()}`);
    }
  }
  if (random(3) === 0 && !lines.includes('onsuccess: next_stage')) lines.push('onsuccess: next_stage');
  if (random(12) === 0) lines.push('statics: [{ meta: got, expression: "GetFromStash(\'s\', evt.Parsed.program)" }]');
  else lines.push(`statics: [${staticList(random)}]`);
  return lines.map((line) => indent + line).join('\n').concat('\n');
}

function staticList(random: Random): string {
  return Array.from({ length: 1 + random(3) }, () => pick(random, random(25) === 0 ? drasticStatics : statics)).join(', ');
}

function lineText(random: Random): string {
  const parts = [`user=u${random(3)}`, `id=${random(4)}`, `id=${random(4)} port=${random(100)}`, `from 10.0.0.${random(4)}`,
    'from 192.0.2.1', 'a=ä b=日本', 'a=1', 'ü=é€', 'end', '{"n":1.5}', 'nothing'];
  const text = random(6) === 0 ? `{"n":${random(3)}}` : Array.from({ length: 1 + random(3) }, () => pick(random, parts)).join(' ');
  return random(10) === 0 ? text : `${pick(random, programs)}: ${text}`;
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)];
}

/** Whole numbers below a bound. */
function generator(seed: number): Random {
  const random = randomFrom(seed);
  return (below) => Math.floor(random() * below);
}
