import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DecisionFollower } from '../../../lapi/store/decision-follower.js';
import type { DecisionRow, IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import { WrittenSlices, writtenSlice, type WrittenSlice } from '../../../lapi/store/written-slices.js';
import { lapiLimits } from '../../../lapi/limits.js';
import { randomFrom } from '../../../ts/util/random.js';
import { testSeed } from '../../support/random.js';
import { alertBody } from '../instance.js';

const slice = lapiLimits.decisionSliceRows;

test('rows are handed over only where the database gives back the same', () => {
  const row = (changes: Partial<DecisionRow> = {}): DecisionRow => ({ created_at: 't', updated_at: 't', until: 'u', scenario: 's', type: 'ban', start_ip: 0n,
    end_ip: 0n, start_suffix: 0n, end_suffix: 0n, ip_size: 4, scope: 'Ip', value: '192.0.2.1', origin: 'lists', simulated: 0, uuid: 'a', alert_decisions: 1, ...changes });
  assert.deepEqual(writtenSlice(7, [row(), row({ value: '192.0.2.2', uuid: 'b' })]), { first: 7, values: ['192.0.2.1', '192.0.2.2'], uuids: ['a', 'b'],
    like: { created_at: 't', until: 'u', scenario: 's', type: 'ban', scope: 'Ip', origin: 'lists', simulated: 0 } });
  assert.equal(writtenSlice(7, [row(), row({ type: 'captcha' })]), null);
  assert.equal(writtenSlice(7, [row({ ip_size: 0, value: 'name' })]), null);
  assert.equal(writtenSlice(7, [row({ scenario: 'half \ud83d' })]), null);
});

test('a slice is taken once, by exactly its ids, and few are kept', () => {
  const slices = new WrittenSlices();
  const of = (first: number): WrittenSlice => ({ first, values: ['a', 'b'], uuids: ['c', 'd'],
    like: { created_at: '', until: '', scenario: '', type: '', scope: '', origin: '', simulated: 0 } });
  slices.add(of(1));
  slices.add(of(3));
  assert.equal(slices.take(1, 3), undefined);
  assert.equal(slices.take(3, 4)?.first, 3);
  assert.equal(slices.take(3, 4), undefined);
  for (let index = 0; index <= lapiLimits.writtenSlicesKept; index++) slices.add(of(10 + 2 * index));
  assert.equal(slices.take(10, 11), undefined);
  assert.equal(slices.take(12, 13)?.first, 12);
});

test('a slice that was changed before it is read is not what was written', async (context) => {
  const { writer, slices } = await stores(context);
  const follower = new DecisionFollower(writer, () => {});
  await follower.current();
  const progress: number[] = [];
  const watched = new DecisionFollower(writer, () => { progress.push(watched.known!.index.size); });
  await watched.current();
  await writer.alerts.add(null, [imported(3 * slice, 0)]);
  assert.equal(slices.length, 2);
  for (const one of slices) watched.log.expect(one);
  // The end of one decision is a small transaction, which is read before the slices that stand in front of it.
  assert.equal(await writer.decisions.expire({ value: addressOf(slice + 5), contains: true }), 1);
  const now = writer.now();
  for (const one of [watched, follower]) {
    const { index } = await one.current();
    assert.equal([...index.each()].filter(({ until }) => until.compare(now) > 0).length, 3 * slice - 1);
  }
  assert.deepEqual(contentOf(watched), contentOf(follower));
});

test('a follower that is given slices knows what one that reads them knows', async (context) => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const { writer, slices } = await stores(context);
  const [given, reading] = [new DecisionFollower(writer, () => {}), new DecisionFollower(writer, () => {})];
  for (const follower of [given, reading]) await follower.current();
  let [used, ended] = [0, 0];
  for (let round = 0; round < 40; round++) {
    const count = 1 + Math.floor(random() * 4 * slice);
    await writer.alerts.add(null, [imported(count, Math.floor(random() * 5_000), random() < 0.3)]);
    // Some slices never come, some come late.
    for (const one of slices.splice(0)) if (random() < 0.8) { given.log.expect(one); used++; }
    if (random() < 0.5) ended += await writer.decisions.expire({ value: addressOf(Math.floor(random() * 5_000)), contains: true });
    if (random() < 0.2) await writer.alerts.removeById(1 + Math.floor(random() * round));
    if (random() < 0.6) for (const follower of [given, reading]) await follower.current();
  }
  for (const follower of [given, reading]) await follower.current();
  assert.ok(used > 20 && ended > 5, `seed ${seed}: ${used} slices, ${ended} ended`);
  assert.deepEqual(contentOf(given), contentOf(reading), `seed ${seed}`);
});

function contentOf(follower: DecisionFollower): unknown {
  const { index, journal } = follower.known!;
  return { position: journal.position, decisions: [...index.each()].sort((a, b) => a.id - b.id).map((decision) => ({ ...decision,
    until: decision.until.toString(), createdAt: decision.createdAt.toString() })) };
}

async function stores(context: TestContext): Promise<{ writer: Store; slices: WrittenSlice[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-slices-'));
  const slices: WrittenSlice[] = [];
  const writer = await openStore({ type: 'sqlite', path: join(folder, 'db'), useWal: true, bulkSize: 100, onSlice: (one) => slices.push(one) });
  context.after(async () => {
    await writer.close();
    rmSync(folder, { recursive: true });
  });
  return { writer, slices };
}

function addressOf(index: number): string {
  return `11.0.${index >> 8}.${index & 255}`;
}

function imported(count: number, from: number, isMixed = false): IncomingAlert {
  const decisions = Array.from({ length: count }, (_, index) => ({ origin: 'lists', type: isMixed && index % 7 === 0 ? 'captcha' : 'ban', scope: 'Ip',
    value: addressOf(from + index), scenario: 'list', duration: '4h' }));
  const now = new Date().toISOString();
  return { ...alertBody({ start_at: now, stop_at: now }), decisions } as unknown as IncomingAlert;
}
