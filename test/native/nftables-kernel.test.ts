// native/nftables on a kernel, in a namespace of its own: what it writes is what nft reads, and the other way round.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { elementAction, elementFlag, loadNftablesAddon, setFlag, type NftBatch, type NftObject } from '../../native/index.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';

const ipv4 = 2;
const bufferBytes = 8 << 20;

const noIpset = spawnSync('ipset', ['-v']).error === undefined ? false : 'needs the program ipset';

inNetworkNamespace(import.meta.url, ['nft'], () => {
  const { Batch, Connection, Monitor } = loadNftablesAddon();
  const connection = new Connection(bufferBytes, bufferBytes);
  const commit = async (build: (batch: NftBatch) => void): Promise<number[]> => {
    const batch = new Batch();
    build(batch);
    return [...await connection.commit(batch.bytes(), batch.messageCount)];
  };
  const reset = (): Promise<number[]> => commit((batch) => {
    batch.addTable(ipv4, 't');
    batch.deleteTable(ipv4, 't');
    batch.addTable(ipv4, 't');
    batch.addSet(ipv4, 't', 's', 7, 4, setFlag.timeout);
    batch.addSet(ipv4, 't', 'r', 7, 4, setFlag.timeout | setFlag.interval);
  });
  const list = (): string => run('nft', ['-s', 'list', 'ruleset']);

  test('nft shows the table, chains, rules and sets that were written', async () => {
    assert.deepEqual(await reset(), []);
    assert.deepEqual(await commit((batch) => {
      batch.addChain(ipv4, 't', 'c', 1, -10);
      const source = { kind: 'payload', a: 1, b: 12, c: 4 } as const;
      batch.addRule(ipv4, 't', 'c', [source, { kind: 'lookup', text: 's' }, { kind: 'counter' },
        { kind: 'verdict', a: 0 }], 'first');
      batch.addRule(ipv4, 't', 'c', [source, { kind: 'lookup', text: 'r' }, { kind: 'limit', a: 5, b: 1, c: 5 },
        { kind: 'log', text: 'crowdsec: ' }], '');
      batch.addRule(ipv4, 't', 'c', [{ kind: 'ct', a: 0 }, { kind: 'mask', data: Uint8Array.of(8, 0, 0, 0) },
        { kind: 'compare', a: 1, data: Uint8Array.of(0, 0, 0, 0) }, { kind: 'reject', a: 0, b: 3 }], '');
    }), []);
    assert.equal(list().replace(/\s+/g, ' ').trim(), 'table ip t { set s { type ipv4_addr flags timeout } set r { type '
      + 'ipv4_addr flags interval,timeout } chain c { type filter hook input priority filter - 10; policy accept; '
      + 'ip saddr @s counter drop comment "first" ip saddr @r limit rate 5/second log prefix "crowdsec: " '
      + 'ct state new reject } }');
    const rules = await connection.listObjects('rule', ipv4, 't');
    assert.deepEqual(rules.map((rule) => [rule.comment, rule.expressions]), [
      ['first', 'payload lookup:s counter immediate'], ['', 'payload lookup:r limit log'],
      ['', 'ct bitwise cmp reject']]);
  });

  test('elements with timeouts are listed, deleted, forgiven when absent, and flushed', async () => {
    await reset();
    const keys = Uint8Array.of(192, 0, 2, 1, 192, 0, 2, 2, 192, 0, 2, 3);
    assert.deepEqual(await commit((batch) => batch.putElements(ipv4, 't', 's', elementAction.add, 3, 4, keys,
      Float64Array.of(60_000, 3_600_000, 0), null, ['a', '', ''])), []);
    assert.match(list(), /192\.0\.2\.1 timeout 1m comment "a"/);
    const dumped = await connection.listElements(ipv4, 't', 's', 4);
    const found = Array.from({ length: 3 }, (_, index) => [dumped.keys[index * 4 + 3], dumped.expiresMs[index]] as const)
      .sort(([a], [b]) => a - b);
    assert.ok(found[0][1] > 50_000 && found[0][1] <= 60_000 && found[1][1] > 3_590_000 && found[2][1] === -1);
    assert.deepEqual(await commit((batch) => {
      batch.putElements(ipv4, 't', 's', elementAction.delete, 1, 4, keys);
      batch.putElements(ipv4, 't', 's', elementAction.add, 1, 4, keys, Float64Array.of(7_200_000));
    }), []);
    assert.match(list(), /192\.0\.2\.1 timeout 2h/);
    assert.deepEqual(await commit((batch) =>
      batch.putElements(ipv4, 't', 's', elementAction.destroy, 1, 4, Uint8Array.of(9, 9, 9, 9))), []);
    assert.deepEqual(await commit((batch) => batch.flushSet(ipv4, 't', 's')), []);
    assert.equal((await connection.listElements(ipv4, 't', 's', 4)).count, 0);
  });

  test('intervals reach to both ends of the address space', async () => {
    await reset();
    const keys = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 224, 0, 0, 0);
    assert.deepEqual(await commit((batch) => batch.putElements(ipv4, 't', 'r', elementAction.add, 3, 4, keys,
      Float64Array.of(60_000, 0, 60_000), Uint8Array.of(0, elementFlag.intervalEnd, 0))), []);
    assert.match(list(), /0\.0\.0\.0\/8 timeout 1m, 224\.0\.0\.0\/3 timeout 1m|224\.0\.0\.0\/3.*0\.0\.0\.0\/8/s);
  });

  test('one element is found among many, by its key or by one inside its interval', async () => {
    await reset();
    const count = 20_000;
    const keys = Uint8Array.from({ length: 4 * count }, (_, at) => [10, 0, at >> 10, at >> 2][at % 4] & 255);
    assert.deepEqual(await commit((batch) => batch.putElements(ipv4, 't', 's', elementAction.add, count, 4, keys,
      Float64Array.from({ length: count }, (_, index) => 3_600_000 + 1000 * index))), []);
    // 1.0.0.0 to 1.255.255.255, one address, and from 224.0.0.0 on.
    const bounds = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 7, 10, 0, 0, 8, 224, 0, 0, 0);
    assert.deepEqual(await commit((batch) => batch.putElements(ipv4, 't', 'r', elementAction.add, 5, 4, bounds,
      Float64Array.of(60_000, 0, 120_000, 0, 180_000), Uint8Array.of(0, 1, 0, 1, 0))), []);
    const cases: readonly (readonly [set: string, key: string, found: string | null, timeoutMs: number])[] = [
      ['s', '10.0.0.0', '10.0.0.0', 3_600_000], ['s', '10.0.78.31', '10.0.78.31', 3_600_000 + 19_999_000], ['s', '10.0.78.32', null, 0],
      ['s', '9.9.9.9', null, 0], ['r', '1.0.0.0', '1.0.0.0', 60_000], ['r', '1.255.255.255', '1.0.0.0', 60_000], ['r', '2.0.0.0', null, 0],
      ['r', '0.255.255.255', null, 0], ['r', '10.0.0.7', '10.0.0.7', 120_000], ['r', '10.0.0.8', null, 0], ['r', '10.0.0.6', null, 0],
      ['r', '223.255.255.255', null, 0], ['r', '255.255.255.255', '224.0.0.0', 180_000], ['none', '1.0.0.0', null, 0],
    ];
    for (const [set, key, expected, timeoutMs] of cases) {
      const found = await connection.findElement(ipv4, 't', set, Uint8Array.from(key.split('.'), Number));
      assert.deepEqual([found.count, [...found.keys].join('.'), ...found.timeoutsMs], expected === null ? [0, ''] : [1, expected, timeoutMs], `${key} in ${set}`);
      if (expected !== null) assert.ok(found.expiresMs[0] > timeoutMs - 30_000 && found.expiresMs[0] <= timeoutMs, `${key} in ${set}`);
    }
    assert.throws(() => connection.findElement(ipv4, 't', 's', new Uint8Array(65)), /key must have 1 to 64 bytes/);
    assert.throws(() => connection.findElement(ipv4, 't', 's', 'x' as never), TypeError);
  });

  test('a refusal names message and element, and nothing of the transaction holds', async () => {
    await reset();
    const batch = new Batch();
    const keys = new Uint8Array(4 * 5000).map((_, index) => (index % 4 === 2 ? (index / 4) >> 8 : (index / 4) & 255));
    batch.addChain(ipv4, 't', 'new');
    const first = batch.putElements(ipv4, 't', 's', elementAction.add, 5000, 4, keys, new Float64Array(5000).fill(9e6));
    const wrong = batch.putElements(ipv4, 't', 's', elementAction.delete, 1, 4, Uint8Array.of(99, 1, 2, 3));
    const [message, errno, ...rest] = await connection.commit(batch.bytes(), batch.messageCount);
    assert.deepEqual([first, message, errno, rest.length], [2, wrong, 2, 1]);
    assert.equal((await connection.listElements(ipv4, 't', 's', 4)).count, 0);
    assert.equal((await connection.listObjects('chain', ipv4, 't')).length, 0);
  });

  test('the offset of a refusal leads to the element', async () => {
    await reset();
    const batch = new Batch();
    const keys = new Uint8Array(4 * 4000);
    for (let index = 0; index < 4000; index++) keys.set([10, 0, index >> 8, index & 255], index * 4);
    await commit((other) => other.putElements(ipv4, 't', 's', elementAction.add, 3999, 4, keys));
    batch.putElements(ipv4, 't', 's', elementAction.delete, 4000, 4, keys);
    const [message, errno, offset] = await connection.commit(batch.bytes(), batch.messageCount);
    assert.deepEqual([errno, batch.locate(message, offset)], [2, 3999]);
  });

  test('a large batch is acknowledged and read back whole', async () => {
    await reset();
    const count = 100_000;
    const keys = new Uint8Array(4 * count);
    const view = new DataView(keys.buffer);
    for (let index = 0; index < count; index++) view.setUint32(4 * index, 0x0a000000 + index * 7);
    assert.deepEqual(await commit((batch) => batch.putElements(ipv4, 't', 's', elementAction.add, count, 4, keys,
      new Float64Array(count).fill(3_600_000))), []);
    const expected = Array.from({ length: count }, (_, index) => 0x0a000000 + index * 7);
    const list = async (): Promise<number[]> => {
      const { keys: held, count: heldCount } = await connection.listElements(ipv4, 't', 's', 4);
      const read = new DataView(held.buffer);
      return [...new Set(Array.from({ length: heldCount }, (_, index) => read.getUint32(4 * index)))].sort((x, y) => x - y);
    };
    // While its table still grows, the kernel lists a set with gaps.
    let held = await list();
    for (let tries = 1; held.length !== count && tries < 20; tries++) held = await list();
    assert.deepEqual(held, expected);
  });

  test('two requests at once on one connection are refused', async () => {
    const first = connection.listObjects('table', ipv4);
    assert.throws(() => connection.listObjects('table', ipv4), /under way/);
    assert.ok((await first).length > 0);
  });

  test('changes of others are announced, our own are not', async () => {
    await reset();
    const news = new EventEmitter();
    const monitor = new Monitor(connection.port, (changes) => news.emit('change', changes));
    try {
      await commit((batch) => batch.putElements(ipv4, 't', 's', elementAction.add, 1, 4, Uint8Array.of(1, 2, 3, 4)));
      const change = once(news, 'change') as Promise<[NftObject[]]>;
      run('nft', ['delete', 'element', 'ip', 't', 's', '{ 1.2.3.4 }']);
      const [objects] = await change;
      assert.deepEqual(objects.filter(({ kind }) => kind !== 'generation').map((object) =>
        [object.kind, object.isDelete, object.table, object.name]), [['elements', true, 't', 's']]);
    } finally {
      monitor.close();
    }
  });

  test('answers that did not fit the socket are an error of their own, and the transaction holds', async () => {
    await reset();
    const narrow = new Connection(1, bufferBytes);
    try {
      const batch = new Batch();
      for (let index = 0; index < 500; index++) batch.addSet(ipv4, 't', `many${index}`, 7, 4, setFlag.timeout);
      await assert.rejects(narrow.commit(batch.bytes(), batch.messageCount), { errno: 105 });
      assert.equal((await connection.listObjects('set', ipv4, 't')).filter(({ name }) => name.startsWith('many')).length, 500);
    } finally {
      narrow.close();
    }
  });

  test('news that did not fit the queue are announced as lost', async () => {
    await reset();
    const news = new EventEmitter();
    const monitor = new Monitor(connection.port, (_, wasLost) => { if (wasLost) news.emit('lost'); });
    try {
      const lost = once(news, 'lost');
      const elements = Array.from({ length: 100_000 }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
      // Nobody reads while nft runs.
      run('nft', ['-f', '-'], `add element ip t s { ${elements.join(', ')} }\n`);
      await lost;
    } finally {
      monitor.close();
    }
  });

  test('sets of ipset are filled, thinned out and read', { skip: noIpset }, async () => {
    run('ipset', ['create', 'n', 'hash:net', 'family', 'inet6', 'timeout', '0', 'maxelem', '3000']);
    const count = 2500;
    const keys = new Uint8Array(16 * count);
    for (let index = 0; index < count; index++) keys.set([0x20, 1, 0xd, 0xb8, index >> 8, index & 255], 16 * index);
    const bits = new Uint8Array(count).fill(48);
    const put = (isDelete: boolean, upTo: number): Promise<Int32Array> =>
      connection.putIpset('n', isDelete, upTo, 16, keys, bits, isDelete ? null : new Uint32Array(count).fill(3600));
    assert.deepEqual([...await put(false, count)], []);
    assert.deepEqual([...await put(true, 500), ...await put(true, 500)], [], 'what is gone is no matter');
    const counted = await connection.listIpset('n', 16, false);
    assert.deepEqual([counted.type, counted.elements, counted.elementsMax, counted.count], ['hash:net', 2000, 3000, 0]);
    const { keys: held, bits: heldBits, timeoutsS, malformed } = await connection.listIpset('n', 16, true);
    const names = (bytes: Uint8Array): string[] => (Buffer.from(bytes).toString('hex').match(/.{32}/g) ?? []).sort();
    assert.deepEqual(names(held), names(keys.subarray(16 * 500)));
    assert.ok(malformed === 0 && heldBits.every((length) => length === 48) && timeoutsS.every((left) => left > 3000 && left <= 3600));
    assert.match(run('ipset', ['save', 'n']), /add n 2001:db8:1f4::\/48 timeout/);
    for (const [index, isIn] of [[499, false], [500, true], [2499, true], [2500, false]] as const) {
      const address = Uint8Array.of(0x20, 1, 0xd, 0xb8, index >> 8, index & 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
      assert.equal(await connection.testIpset('n', address), isIn, `an address in network ${index}`);
    }
    await assert.rejects(connection.testIpset('none', new Uint8Array(16)), { errno: 2 });
    assert.throws(() => connection.testIpset('n', new Uint8Array(5)), TypeError);
    const more = await connection.putIpset('n', false, count, 16, keys.map((byte) => byte ^ 1), bits, new Uint32Array(count));
    assert.equal(more[1], 4352, 'the set is full');
    await assert.rejects(connection.listIpset('none', 16, false), { errno: 2 });
    for (const call of [() => connection.listIpset('x'.repeat(32), 16, false), () => connection.listIpset('n', 5, false),
      () => connection.putIpset('n', false, 2, 4, new Uint8Array(7), new Uint8Array(2)),
      () => connection.putIpset('n', false, 1, 4, new Uint8Array(4), new Uint8Array(1), new Uint8Array(4) as never)]) assert.throws(call);
    run('ipset', ['destroy', 'n']);
  });

  test('cutting ends the known connections of an address and leaves the others', async () => {
    // A rule that asks for the state makes the kernel track connections.
    await commit((batch) => {
      batch.addTable(ipv4, 'track');
      batch.addChain(ipv4, 'track', 'c', 1, 0);
      batch.addRule(ipv4, 'track', 'c', [{ kind: 'ct', a: 0 }, { kind: 'counter' }], '');
    });
    run('ip', ['addr', 'add', '10.9.9.1/32', 'dev', 'lo']);
    for (const source of ['127.0.0.1', '10.9.9.1']) {
      const socket = createSocket('udp4').bind(0, source);
      await once(socket, 'listening');
      await new Promise((resolve) => socket.send('x', 9, source, resolve));
      socket.close();
    }
    const range = [Uint8Array.of(10, 9, 0, 0), Uint8Array.of(10, 9, 255, 255)] as const;
    assert.equal(await connection.cutConnections(ipv4, 1, ...range), 1);
    assert.equal(await connection.cutConnections(ipv4, 1, ...range), 0);
    assert.equal(await connection.cutConnections(ipv4, 1, Uint8Array.of(127, 0, 0, 1), Uint8Array.of(127, 0, 0, 1)), 1);
  });

  test('cutting connections of addresses without any cuts none', async () => {
    assert.equal(await connection.cutConnections(ipv4, 1, Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 9)), 0);
  });
});
