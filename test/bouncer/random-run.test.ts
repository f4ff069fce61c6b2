// Random adds, deletes, extensions and overlapping ranges of both families through the enforcer into the kernel, read
// back and compared with a naive model, address by address, at ten points and at the end. PALISADE_RANDOM_STEPS=100000 is
// the long run; PALISADE_SEED repeats one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inNetworkNamespace } from '../support/network-namespace.js';
import { ipsetBackend, KernelEnforcer } from './kernel-enforcer.js';
import { randomBelow } from './naive-bans.js';
import { waitFor } from './wait-for.js';
import { testSeed } from '../support/random.js';

const seed = testSeed();
const steps = Number(process.env['PALISADE_RANDOM_STEPS'] ?? 10_000);
const points = 10;
const spaceBits = 11;
const groups = ['cscli', 'CAPI', 'lists:x'];
/** Ends lie on a grid this wide, so that an extension is told from the time that passes in a run. */
const gridSeconds = 10_000;

/** A decision of the model: `size` addresses from `offset`. */
interface Modelled {
  readonly family: 4 | 6;
  readonly group: string;
  readonly offset: number;
  readonly size: number;
  readonly grid: number;
}

/** What each address should be banned for, by family, kind and group: the place of its end on the grid, 0 for not. */
type Picture = Record<string, number[]>;

inNetworkNamespace(import.meta.url, ['ipset', 'iptables'], () => {
  testRun('nftables', () => new KernelEnforcer());
  testRun('iptables', () => new KernelEnforcer(ipsetBackend(true)));
  testRun('ipset', () => new KernelEnforcer(ipsetBackend(false)));
});

function testRun(mode: string, make: () => KernelEnforcer): void {
  test(`${steps} random steps (${mode}): what the kernel holds is what the model says`, async (context) => {
    const bench = make();
    context.after(() => bench.enforcer.close());
    context.diagnostic(`seed ${seed}`);
    const random = randomBelow(seed);
    const model = new Map<number, Modelled>();
    await bench.start();
    await bench.settle();
    const repairsBefore = bench.enforcer.counts.repairs;
    const startedMs = Date.now();
    for (let step = 1; step <= steps; step++) {
      edit(bench, model, random);
      // Sometimes at once, mostly while earlier changes are under way.
      if (random(20) === 0) bench.enforcer.wake();
      if (random(40) === 0) await bench.enforcer.settled();
      if (step % Math.ceil(steps / points) === 0 || step === steps) await compare(bench, model, startedMs, step);
    }
    assert.deepEqual([bench.enforcer.counts.refusals, bench.state.size], [0, model.size], `seed ${seed}`);
    assert.equal(bench.enforcer.counts.repairs, repairsBefore, `seed ${seed}`);
  });
}

function edit(bench: KernelEnforcer, model: Map<number, Modelled>, random: (below: number) => number): void {
  const id = random(1500);
  if (random(3) === 0) {
    bench.state.remove(id);
    model.delete(id);
    return;
  }
  const bits = random(2) === 0 ? 0 : 1 + random(random(spaceBits) + 1);
  const family = random(2) === 0 ? 4 : 6;
  const decision: Modelled = { family, group: groups[random(groups.length)], grid: 1 + random(20),
    offset: (random(1 << spaceBits) >> bits) << bits, size: 1 << bits };
  const text = `${family === 4 ? `10.0.${decision.offset >> 8}.${decision.offset & 255}` : `fd00::${decision.offset.toString(16)}`}`;
  bench.add(id, `${text}/${(family === 4 ? 32 : 128) - bits}`, `${decision.grid * gridSeconds}s`, decision.group);
  model.set(id, decision);
}

async function compare(bench: KernelEnforcer, model: ReadonlyMap<number, Modelled>, startedMs: number, step: number): Promise<void> {
  const expected = pictureOf(model, bench.backend.name);
  let held: Picture = {};
  await bench.settle();
  // While its table still grows, the kernel lists a set with gaps.
  await waitFor('equal', async () => {
    held = await read(bench, startedMs);
    return JSON.stringify(held) === JSON.stringify(expected);
  }).catch(() => assert.deepEqual(held, expected,
    `seed ${seed}, step ${step}, ${JSON.stringify({ ...bench.enforcer.counts, isChanged: bench.state.isChanged })}`));
}

/** The slow way: for each address all decisions. */
function pictureOf(model: ReadonlyMap<number, Modelled>, mode: string): Picture {
  const picture: Picture = {};
  const put = (key: string, offset: number, grid: number): void => {
    picture[key] ??= Array<number>(1 << spaceBits).fill(0);
    picture[key][offset] = Math.max(picture[key][offset], grid);
  };
  for (const { family, group, offset, size, grid } of model.values()) {
    // An address stands in one set, whatever its groups: `read` merges them.
    const key = size === 1 && mode !== 'ipset' ? `${family}/address` : `${family}/range/${mode === 'nftables' ? group.replace(':', '-') : ''}`;
    for (let at = offset; at < offset + size; at++) put(key, at, grid);
  }
  return sortedKeys(picture);
}

async function read(bench: KernelEnforcer, startedMs: number): Promise<Picture> {
  const picture: Picture = {};
  for (const set of await bench.enforcer.ask(() => bench.backend.list())) {
    const { count, first, last, untilMs } = await bench.enforcer.ask(() => bench.backend.dump(set, Date.now()));
    const width = set.family === 4 ? 4 : 16;
    const offsetAt = (bytes: Uint8Array, index: number): number =>
      (bytes[(index + 1) * width - 2] << 8) | bytes[(index + 1) * width - 1];
    const key = set.kind === 'address' ? `${set.family}/address` : `${set.family}/range/${set.group}`;
    for (let index = 0; index < count; index++) {
      const grid = Math.round((untilMs[index] - startedMs) / 1000 / gridSeconds);
      picture[key] ??= Array<number>(1 << spaceBits).fill(0);
      for (let at = offsetAt(first, index); at <= offsetAt(last ?? first, index); at++) {
        assert.equal(picture[key][at], 0, `${key} holds ${at} twice; seed ${seed}`);
        picture[key][at] = grid;
      }
    }
  }
  return sortedKeys(picture);
}

function sortedKeys(picture: Picture): Picture {
  return Object.fromEntries(Object.entries(picture).sort(([a], [b]) => (a < b ? -1 : 1)));
}
