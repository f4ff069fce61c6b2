// native/nftables without privileges: the bytes of messages, limits, and the decoder on what it must not trust.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelDumps } from './kernel-dumps.js';
import { elementAction, elementFlag, loadNftablesAddon, setFlag, type NftBatch } from '../../native/index.js';
import { testSeed } from '../support/random.js';

const { Batch, decode } = loadNftablesAddon();
const ipv4 = 2;

/** The messages between begin and commit, as hexadecimal words. */
function messagesOf(batch: NftBatch): string[] {
  const bytes = Buffer.from(batch.bytes());
  const messages: string[] = [];
  for (let at = 0; at < bytes.length; at += (bytes.readUInt32LE(at) + 3) & ~3) {
    messages.push(bytes.subarray(at, at + bytes.readUInt32LE(at)).toString('hex'));
  }
  return messages.slice(1, -1);
}

/** Builds the bytes by hand: little-endian header, then attributes `[type, payload]`, nests as lists. */
type Parts = readonly (readonly [type: number, payload: string | number | Parts | Uint8Array])[];

function attributes(parts: Parts): Buffer {
  return Buffer.concat(parts.map(([type, payload]) => {
    const isNest = Array.isArray(payload);
    const body = isNest ? attributes(payload as Parts) : typeof payload === 'string' ? Buffer.from(`${payload}\0`)
      : typeof payload === 'number' ? be32(payload) : Buffer.from(payload as Uint8Array);
    const head = Buffer.alloc(4);
    head.writeUInt16LE(body.length + 4, 0);
    head.writeUInt16LE(type | (isNest ? 0x8000 : 0), 2);
    return Buffer.concat([head, body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  }));
}

function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function be64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function message(type: number, flags: number, sequence: number, parts: Parts, family = ipv4): string {
  const body = attributes(parts);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(20 + body.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt32LE(sequence, 8);
  head[16] = family;
  return Buffer.concat([head, body]).toString('hex');
}

const request = 0x5; // REQUEST | ACK
const create = 0x405;
const append = 0xc05;
const subsystem = 10 << 8;

const cases: readonly (readonly [name: string, build: (batch: NftBatch) => void, expected: readonly string[]])[] = [
  ['a table', (batch) => batch.addTable(ipv4, 'crowdsec'), [message(subsystem, create, 1, [[1, 'crowdsec'], [2, 0]])]],
  ['the deletion of a table', (batch) => batch.deleteTable(10, 'crowdsec6'),
    [message(subsystem | 2, request, 1, [[1, 'crowdsec6']], 10)]],
  ['a base chain', (batch) => batch.addChain(ipv4, 't', 'c', 1, -10),
    [message(subsystem | 3, create, 1, [[1, 't'], [3, 'c'], [4, [[1, 1], [2, -10]]], [5, 1], [7, 'filter']])]],
  ['a plain chain', (batch) => batch.addChain(ipv4, 't', 'c'), [message(subsystem | 3, create, 1, [[1, 't'], [3, 'c']])]],
  ['the deletion of a chain', (batch) => batch.deleteChain(ipv4, 't', 'c'),
    [message(subsystem | 5, request, 1, [[1, 't'], [3, 'c']])]],
  ['a set with timeouts', (batch) => batch.addSet(ipv4, 't', 's', 7, 4, setFlag.timeout),
    [message(subsystem | 9, create, 1, [[1, 't'], [2, 's'], [3, 16], [4, 7], [5, 4], [10, 1]])]],
  ['the deletion of a set', (batch) => batch.deleteSet(ipv4, 't', 's'),
    [message(subsystem | 11, request, 1, [[1, 't'], [2, 's']])]],
  ['a flush of a set', (batch) => batch.flushSet(ipv4, 't', 's'),
    [message(subsystem | 14, request, 1, [[1, 't'], [2, 's']])]],
  ['an element with timeout and comment', (batch) => batch.putElements(ipv4, 't', 's', elementAction.add, 1, 4,
    Uint8Array.of(192, 0, 2, 1), Float64Array.of(60_000), null, ['hi']),
  [message(subsystem | 12, create, 1, [[1, 't'], [2, 's'], [3, [[1, [[1, [[1, Uint8Array.of(192, 0, 2, 1)]]],
    [4, be64(60_000n)], [6, Uint8Array.of(0, 3, 104, 105, 0)]]]]]])]],
  ['an interval', (batch) => batch.putElements(ipv4, 't', 's', elementAction.delete, 2, 4,
    Uint8Array.of(10, 0, 0, 0, 11, 0, 0, 0), null, Uint8Array.of(0, elementFlag.intervalEnd)),
  [message(subsystem | 14, request, 1, [[1, 't'], [2, 's'], [3, [[1, [[1, [[1, Uint8Array.of(10, 0, 0, 0)]]]]],
    [1, [[3, 1], [1, [[1, Uint8Array.of(11, 0, 0, 0)]]]]]]]])]],
  ['a deletion that forgives', (batch) => batch.putElements(ipv4, 't', 's', elementAction.destroy, 1, 4,
    Uint8Array.of(1, 2, 3, 4)),
  [message(subsystem | 30, request, 1, [[1, 't'], [2, 's'], [3, [[1, [[1, [[1, Uint8Array.of(1, 2, 3, 4)]]]]]]]])]],
  ['a rule that looks up, counts and drops', (batch) => batch.addRule(ipv4, 't', 'c', [
    { kind: 'payload', a: 1, b: 12, c: 4 }, { kind: 'lookup', text: 's' }, { kind: 'counter' },
    { kind: 'verdict', a: 0 }], 'tag'),
  [message(subsystem | 6, append, 1, [[1, 't'], [2, 'c'], [4, [
    [1, [[1, 'payload'], [2, [[1, 1], [2, 1], [3, 12], [4, 4]]]]],
    [1, [[1, 'lookup'], [2, [[1, 's'], [2, 1], [5, 0]]]]],
    [1, [[1, 'counter'], [2, [[1, be64(0n)], [2, be64(0n)]]]]],
    [1, [[1, 'immediate'], [2, [[1, 0], [2, [[2, [[1, 0]]]]]]]]]]],
  [7, Uint8Array.of(0, 4, 116, 97, 103, 0)]])]],
  ['a rule that logs within a limit and rejects new connections', (batch) => batch.addRule(ipv4, 't', 'c', [
    { kind: 'ct', a: 0 }, { kind: 'mask', data: Uint8Array.of(8, 0, 0, 0) },
    { kind: 'compare', a: 1, data: Uint8Array.of(0, 0, 0, 0) }, { kind: 'limit', a: 5, b: 1, c: 5 },
    { kind: 'log', text: 'x: ' }, { kind: 'reject', a: 0, b: 3 }], ''),
  [message(subsystem | 6, append, 1, [[1, 't'], [2, 'c'], [4, [
    [1, [[1, 'ct'], [2, [[2, 0], [1, 1]]]]],
    [1, [[1, 'bitwise'], [2, [[1, 1], [2, 1], [3, 4], [4, [[1, Uint8Array.of(8, 0, 0, 0)]]],
      [5, [[1, Uint8Array.of(0, 0, 0, 0)]]]]]]],
    [1, [[1, 'cmp'], [2, [[1, 1], [2, 1], [3, [[1, Uint8Array.of(0, 0, 0, 0)]]]]]]],
    [1, [[1, 'limit'], [2, [[1, be64(5n)], [2, be64(1n)], [3, 5], [4, 0], [5, 0]]]]],
    [1, [[1, 'log'], [2, [[2, 'x: ']]]]],
    [1, [[1, 'reject'], [2, [[1, 0], [2, Uint8Array.of(3)]]]]]]]])]],
  ['the deletion of one rule', (batch) => batch.deleteRules(ipv4, 't', 'c', 7),
    [message(subsystem | 8, request, 1, [[1, 't'], [2, 'c'], [3, be64(7n)]])]],
  ['the deletion of all rules of a chain', (batch) => batch.deleteRules(ipv4, 't', 'c'),
    [message(subsystem | 8, request, 1, [[1, 't'], [2, 'c']])]],
];

for (const [name, build, expected] of cases) {
  test(`the bytes of ${name}`, () => {
    const batch = new Batch();
    build(batch);
    assert.deepEqual(messagesOf(batch), expected);
  });
}

test('a batch begins and commits for nf_tables, and counts its messages', () => {
  const batch = new Batch();
  assert.equal(batch.addTable(ipv4, 'a'), 1);
  assert.equal(batch.addTable(ipv4, 'b'), 2);
  assert.equal(batch.messageCount, 2);
  const bytes = Buffer.from(batch.bytes());
  assert.equal(bytes.subarray(0, 20).toString('hex'), '1400000010000100000000000000000000000' + '00a');
  assert.equal(bytes.subarray(-20).toString('hex'), '14000000110001000300000000000000' + '0000000a');
});

test('many elements become messages below 64 KiB, and an offset names its element', () => {
  const batch = new Batch();
  const count = 10_000;
  const keys = new Uint8Array(16 * count).map((_, index) => (index * 7) & 0xff);
  const comments = Array.from({ length: count }, (_, index) => 'x'.repeat(index % 200));
  assert.equal(batch.putElements(10, 't', 's', elementAction.add, count, 16, keys,
    new Float64Array(count).fill(1000), new Uint8Array(count), comments), 1);
  const bytes = Buffer.from(batch.bytes());
  let seen = 0;
  let at = 20;
  for (let number = 1; number <= batch.messageCount; number++) {
    const length = bytes.readUInt32LE(at);
    const whole = decode(bytes.subarray(at, at + length), 16);
    assert.equal(whole.malformed, 0);
    assert.ok(length < 65_536 + 64);
    assert.deepEqual(Buffer.from(whole.keys), Buffer.from(keys.subarray(seen * 16, seen * 16 + whole.keys.length)));
    // The list attribute begins behind two names; its first element four bytes later.
    const first = 20 + attributes([[1, 't'], [2, 's']]).length + 4;
    assert.equal(batch.locate(number, first), seen);
    assert.equal(batch.locate(number, length - 1), seen + whole.keys.length / 16 - 1);
    seen += whole.keys.length / 16;
    at += length;
  }
  assert.equal(seen, count);
  assert.equal(batch.locate(1, 0), -1);
  assert.equal(batch.locate(99_999, 5), -1);
});

test('arguments of the wrong kind are refused and leave the batch as it was', () => {
  const batch = new Batch();
  const before = Buffer.from(batch.bytes());
  const refused: readonly (() => unknown)[] = [
    () => batch.addTable(ipv4, ''), () => batch.addTable(ipv4, 'x'.repeat(256)), () => batch.addTable(-1, 't'),
    () => batch.addTable(ipv4, 'a\0b'), () => batch.addSet(ipv4, 't', 's', 7, 0, 0),
    () => batch.addChain(ipv4, 't', 'c', 9, 0), () => batch.addChain(ipv4, 't', 'c', 1, 0.5),
    () => batch.addRule(ipv4, 't', 'c', [{ kind: 'nonsense' as 'log' }], ''),
    () => batch.addRule(ipv4, 't', 'c', 'x' as never, ''),
    () => batch.putElements(ipv4, 't', 's', 0, 2, 4, new Uint8Array(7)),
    () => batch.putElements(ipv4, 't', 's', 0, 2, 4, new Uint8Array(8), new Float64Array(1)),
    () => batch.putElements(ipv4, 't', 's', 5, 0, 4, new Uint8Array(0)),
    () => batch.putElements(ipv4, 't', 's', 0, 1, 4, new Uint16Array(8) as never),
    () => (batch.addTable as (...args: unknown[]) => void).call({}, ipv4, 't'),
  ];
  for (const call of refused) assert.throws(call, (error) => error instanceof TypeError || error instanceof RangeError
    || error instanceof Error);
  assert.deepEqual(Buffer.from(batch.bytes()), before);
});

test('the decoder reads back what a batch says', () => {
  const batch = new Batch();
  batch.addTable(ipv4, 'tab');
  batch.addChain(ipv4, 'tab', 'cha', 3, -300);
  batch.addSet(10, 'tab', 'set', 8, 16, setFlag.timeout | setFlag.interval);
  batch.addRule(ipv4, 'tab', 'cha', [{ kind: 'lookup', text: 'set' }, { kind: 'counter' }], 'a comment');
  const { objects } = decode(batch.bytes(), 4);
  assert.deepEqual(objects.map(({ kind, table, name }) => [kind, table, name]),
    [['table', 'tab', ''], ['chain', 'tab', 'cha'], ['set', 'tab', 'set'], ['rule', 'tab', 'cha']]);
  assert.deepEqual([objects[1].hook, objects[1].priority], [3, -300]);
  assert.deepEqual([objects[2].family, objects[2].flags, objects[2].keyType, objects[2].keyLength], [10, 20, 8, 16]);
  assert.deepEqual([objects[3].comment, objects[3].expressions], ['a comment', 'lookup:set counter']);
});

test('an answer tells message, error and where the fault lies', () => {
  const head = (length: number, flags: number, error = -17) => {
    const bytes = Buffer.alloc(36);
    bytes.writeUInt32LE(length, 0);
    bytes.writeUInt16LE(2, 4);
    bytes.writeUInt16LE(flags, 6);
    bytes.writeUInt32LE(9, 8);
    bytes.writeInt32LE(error, 16);
    bytes.writeUInt32LE(100, 20);
    return bytes;
  };
  const offset = Buffer.from('0800020058000000', 'hex');
  assert.deepEqual(decode(head(36, 0), 4).acknowledgements, [[9, 17, 0]]);
  assert.deepEqual(decode(Buffer.concat([head(44, 0x300), offset]), 4).acknowledgements, [[9, 17, 0x58]]);
  assert.deepEqual(decode(Buffer.concat([head(44 + 84, 0x200), Buffer.alloc(84), offset]), 4).acknowledgements,
    [[9, 17, 0x58]]);
  // The number of ipset for a full set.
  assert.deepEqual(decode(head(36, 0, -4352), 4).acknowledgements, [[9, 4352, 0]]);
  // Says that a longer message is repeated than there is.
  assert.deepEqual(decode(Buffer.concat([head(44, 0x200), offset]), 4).acknowledgements, [[9, 17, 0]]);
  // No kernel answers with these; none of them is a success. 74 is EBADMSG.
  for (const damaged of [-(2 ** 31), -4608, 1, 2 ** 31 - 1]) {
    assert.deepEqual(decode(head(36, 0, damaged), 4).acknowledgements, [[9, 74, 0]], String(damaged));
  }
});

test("a kernel's dumps are read", () => {
  const read = (name: string, keyLength = 4) => decode(Buffer.from(kernelDumps[name], 'base64'), keyLength);
  const names = (name: string): string[] => read(name).objects.map((object) => `${object.kind} ${object.table} ${object.name}`.trim());
  assert.deepEqual(names('tables'), ['table t', 'table t6']);
  assert.deepEqual(names('chains'), ['chain t c', 'chain t plain', 'chain t other']);
  assert.deepEqual(names('sets'), ['set t s', 'set t r', 'set t6 s6']);
  assert.deepEqual(read('rules').objects.map(({ comment, expressions }) => [comment, expressions]), [
    ['palisade deny s', 'payload lookup:s counter immediate'], ['', 'ct bitwise cmp limit log'], ['', 'payload lookup:r reject'],
    ['', 'payload cmp immediate']]);
  const keys = (name: string, width: number): string[] => {
    const text = Buffer.from(read(name, width).keys).toString('hex');
    return (text.match(new RegExp(`.{${2 * width}}`, 'g')) ?? []).sort();
  };
  assert.deepEqual(keys('addresses', 4), ['c0000201', 'c0000202']);
  assert.deepEqual(keys('ranges', 4), ['00000000', 'c6336400', 'c6336500', 'ffffff00']);
  assert.deepEqual(keys('addresses6', 16), ['20010db8000000000000000000000001']);
  assert.deepEqual(read('generation').objects.map(({ kind, handle }) => [kind, handle]), [['generation', 2]]);
  const networks = (name: string, width: number): string[] => {
    const { ipset } = read(name, width);
    assert.deepEqual([ipset.type, ipset.elements, ipset.elementsMax, ipset.malformed], ['hash:net', ipset.count, 65_536, 0]);
    return Array.from(ipset.bits, (bits, index) => `${Buffer.from(ipset.keys.subarray(index * width, (index + 1) * width)).toString('hex')}/${bits} `
      + ipset.timeoutsS[index]).sort();
  };
  assert.deepEqual(networks('ipset', 4), ['c0000201/32 3599', 'c6336400/24 0']);
  assert.deepEqual(networks('ipset6', 16), ['20010db8000000000000000000000000/48 59']);
  assert.equal(read('ipset', 16).ipset.malformed, 2);
  assert.deepEqual(read('refusal').acknowledgements.map(([, errno]) => errno), [22]);
});

test('mutated messages and dumps are read within their bounds', () => {
  const seed = testSeed();
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const batch = new Batch();
  batch.addTable(ipv4, 'tab');
  batch.addChain(ipv4, 'tab', 'cha', 3, -300);
  batch.addSet(10, 'tab', 'set', 8, 16, setFlag.timeout | setFlag.interval);
  batch.addRule(ipv4, 'tab', 'cha', [{ kind: 'lookup', text: 'set' }, { kind: 'counter' }], 'a comment');
  batch.putElements(10, 'tab', 'set', 0, 3, 16, new Uint8Array(48), new Float64Array(3).fill(5));
  const originals = [Buffer.from(batch.bytes()), ...Object.values(kernelDumps).map((text) => Buffer.from(text, 'base64'))];
  const rounds = Number(process.env['PALISADE_FUZZ_ROUNDS'] ?? 20_000);
  for (let round = 0; round < rounds; round++) {
    const original = originals[round % originals.length];
    const bytes = Buffer.from(original.subarray(0, random(3) === 0 ? random(original.length + 1) : original.length));
    for (let change = random(6); change >= 0 && bytes.length > 0; change--) mutate(bytes, random);
    const { objects, keys } = decode(bytes, random(2) === 0 ? 4 : 16);
    // Each message and each element has a header of its own.
    assert.ok(objects.length <= bytes.length / 16 && keys.length <= bytes.length, `seed ${seed}, round ${round}`);
  }
});

/** A byte anywhere, or a length: where headers are, lengths are even and small. */
function mutate(bytes: Buffer, random: (below: number) => number): void {
  const at = random(bytes.length);
  if (random(2) === 0 || at + 2 > bytes.length) bytes[at] = random(256);
  else bytes.writeUInt16LE([0, 1, 3, 4, 5, 8, 0xffff, random(bytes.length), bytes.length - at][random(9)], at & ~3);
}
