// Reading decisions without JSON.parse: nothing else comes out than what JSON.parse gives, whatever comes in; and what the Local APIs
// write is read, not left to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WireDecision } from '../../bouncer/decision.js';
import { scanItems, scanLists } from '../../bouncer/item-scanner.js';
import { randomFrom } from '../../ts/util/random.js';
import { mutate, pick, testSeed } from '../support/random.js';

const seed = testSeed();

test('what the Local APIs write is read', () => {
  const item = (id: number, uuid: string): string => `{"duration":"3h59m${id % 60}s","id":${id},"origin":"${id % 3 === 0 ? 'CAPI' : 'cscli'}",`
    + `"scenario":"crowdsecurity/ssh-bf é漢","scope":"Ip","type":"ban",${uuid}"value":"192.0.2.${id % 256}"}`;
  for (const uuid of ['', '"uuid":"0b9f6a0e-6d0c-4d8f-9a43-8f5d6e7a1b2c",']) {
    const texts = [0, 1, 2, 3, 40, 100].map((count) => Array.from({ length: count }, (_, id) => item(id, uuid)).join());
    for (const added of texts) {
      for (const deleted of texts) {
        const text = `{"new":[${added}],"deleted":[${deleted}]}`;
        assert.deepEqual(scanLists(Buffer.from(text)), known(JSON.parse(text) as Lists));
      }
    }
  }
});

test('items without brackets are read up to the last byte', () => {
  const item = '{"duration":"1h","id":5,"origin":"a","scenario":"b","scope":"Ip","type":"ban","value":"::1"}';
  assert.deepEqual(scanItems(Buffer.from(`${item},${item}`)), JSON.parse(`[${item},${item}]`));
  for (const bad of ['', ',', `${item},`, `${item}]`, ` ${item}`, `${item},{`, item.slice(0, -1)]) assert.equal(scanItems(Buffer.from(bad)), null, bad);
});

test('random lists, written well and badly, are read as JSON.parse reads them or not at all', () => {
  const random = randomFrom(seed);
  let read = 0;
  const rounds = 30_000;
  for (let round = 0; round < rounds; round++) {
    const list = (): string => Array.from({ length: Math.floor(random() * 4) }, () => itemText(random)).join(random() < 0.99 ? ',' : ', ');
    let bytes: Buffer = Buffer.from(`{"new":[${list()}],"deleted":[${list()}]}`);
    if (random() < 0.5) bytes = mutate(random, bytes);
    const scanned = scanLists(bytes);
    if (scanned === null) continue;
    read++;
    assert.deepEqual(scanned, known(JSON.parse(bytes.toString()) as Lists), `seed ${seed}, round ${round}: ${bytes.toString()}`);
  }
  assert.ok(read > rounds / 20 && read < rounds / 2, `${read} were read`);
});

interface Lists {
  readonly new: readonly WireDecision[];
  readonly deleted: readonly WireDecision[];
}

/** With what a WireDecision has and nothing else. */
function known(lists: Lists): Lists {
  const cut = ({ duration, id, origin, scenario, scope, type, value }: WireDecision): WireDecision =>
    ({ duration, id, origin, scenario, scope, type, value });
  return { new: lists.new.map(cut), deleted: lists.deleted.map(cut) };
}

/** Mostly as it should be, with something of everything that JSON allows or forbids. */
function itemText(random: () => number): string {
  const odd = random() < 0.2;
  const word = (...usual: string[]): string => (odd && random() < 0.3
    ? pick(random, ['', 'a"', 'a\\"b', '\\u0041', '\\', '\n', '\t', '},{"duration":"', '"}', 'é漢', '\u2028', '\u007f', '","value":"x'])
    : pick(random, usual));
  const id = odd ? pick(random, ['7', '007', '-1', '1e3', '1.5', '', '0', '9007199254740993', '"5"', ' 5', 'null']) : String(Math.floor(random() * 1e6));
  const pairs = [`"duration":"${word('4h', '3h59m58s', '-1s', '1.5h')}"`, `"id":${id}`, `"origin":"${word('cscli', 'CAPI', 'lists:a b')}"`,
    `"scenario":"${word('x/y', 'a b', 'ü')}"`, `"scope":"${word('Ip', 'Range')}"`, `"type":"${word('ban', 'captcha')}"`,
    ...random() < 0.3 ? [`"uuid":"${word('0-1', '2-3')}"`] : [], `"value":"${word('192.0.2.1', '2001:db8::/32')}"`];
  if (odd) {
    const at = Math.floor(random() * pairs.length);
    if (random() < 0.3) pairs.splice(at, 1);
    else if (random() < 0.3) pairs.splice(at, 0, pairs[Math.floor(random() * pairs.length)]);
    else if (random() < 0.3) pairs.splice(at, 0, '"until":"x"', '"simulated":false');
    else if (random() < 0.1) pairs.reverse();
  }
  return `{${pairs.join(odd && random() < 0.2 ? ' ,' : ',')}}`;
}
