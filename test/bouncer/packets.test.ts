// Real packets of both families: what is banned does not arrive, everything else does. The host of the test, one beyond
// a wire, and one behind it (as a container is); all in namespaces of their own.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { writeFileSync } from 'node:fs';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { FarHost } from './far-host.js';
import { ipsetBackend, KernelEnforcer } from './kernel-enforcer.js';
import { waitFor } from './wait-for.js';

/** Addresses of one family: the far host has `theirs`, of which the last is never banned. */
interface Plan {
  readonly family: 4 | 6;
  readonly here: string;
  readonly theirs: readonly [banned: string, other: string, allowed: string];
  readonly range: string;
  readonly inside: string;
}

const plans: readonly Plan[] = [
  { family: 4, here: '10.9.0.1', theirs: ['10.9.0.2', '10.9.0.3', '10.9.0.4'], range: '10.9.0.0/29', inside: '10.8.0.2' },
  { family: 6, here: 'fd09::1', theirs: ['fd09::2', 'fd09::3', 'fd09::4'], range: 'fd09::/125', inside: 'fd08::2' },
];

const modes = ['nftables', 'iptables'] as const;

inNetworkNamespace(import.meta.url, ['nft', 'ipset', 'iptables'], async () => {
  for (const setting of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) {
    writeFileSync(`/proc/sys/${setting.replaceAll('.', '/')}`, '1');
  }
  const far = await FarHost.start('far', ['10.9.0.1/24', 'fd09::1/64'],
    plans.flatMap(({ family, theirs }) => theirs.map((address) => `${address}/${family === 4 ? 24 : 64}`)));
  const inner = await FarHost.start('inner', ['10.8.0.1/24', 'fd08::1/64'], ['10.8.0.2/24', 'fd08::2/64']);
  const here = await FarHost.startHere();
  after(() => [far, inner, here].forEach((host) => host.stop()));

  let bench: KernelEnforcer;
  const start = async (mode: typeof modes[number], isReject = false): Promise<void> => {
    bench = new KernelEnforcer(mode === 'iptables' ? ipsetBackend(true, 1000, isReject) : { deny: { isReject, logPrefix: null } },
      plans.map(({ theirs }) => theirs[2]));
    await bench.start();
    await bench.enforcer.settled();
  };
  afterEach(async () => {
    await bench.enforcer.close();
    run('nft', ['flush', 'ruleset']);
    run('ipset', ['destroy']);
  });

  let sent = 0;
  /** Sends a datagram from the far host and tells whether it arrived or was denied: one of both has to come. */
  const arrives = async (plan: Plan, source: string, target = plan.here, receiver = here, port?: number): Promise<boolean> => {
    const text = `datagram ${++sent}`;
    const before = await bench.droppedPackets(plan.family);
    const to = port ?? await portOf(receiver, target);
    await far.ask('send', source, target, to, text);
    let hasArrived = false;
    await waitFor(`${text} from ${source} is neither here nor counted`, async () => {
      hasArrived = (await receiver.ask('received')).includes(text);
      return hasArrived || await bench.droppedPackets(plan.family) > before;
    });
    return hasArrived;
  };
  const ports = new Map<string, Promise<number>>();
  const portOf = (receiver: FarHost, address: string): Promise<number> => {
    if (!ports.has(address)) ports.set(address, receiver.ask('listen', address));
    return ports.get(address)!;
  };

  for (const [mode, plan] of modes.flatMap((mode) => plans.map((plan) => [mode, plan] as const))) {
    const { family, here: target, theirs: [banned, other, allowed], range, inside } = plan;
    const name = `${mode}, IPv${family}`;

    test(`${name}: a banned address is dropped, its neighbour is not, and an unban lets it in`, async () => {
      await start(mode);
      assert.equal(await arrives(plan, banned), true);
      bench.add(1, banned);
      await bench.settle();
      assert.deepEqual([await arrives(plan, banned), await arrives(plan, other)], [false, true]);
      const { processed } = await bench.enforcer.ask(() => bench.backend.count());
      assert.ok(processed.some((counts) => counts.family === family && counts.packets >= 2), 'packets that were looked at');
      bench.state.remove(1);
      await bench.settle();
      assert.equal(await arrives(plan, banned), true);
    });

    test(`${name}: a banned range drops all of its addresses but the allowed one`, async () => {
      await start(mode);
      bench.add(1, range);
      await bench.settle();
      assert.deepEqual([await arrives(plan, banned), await arrives(plan, other), await arrives(plan, allowed)], [false, false, true]);
      bench.add(2, allowed);
      await bench.settle();
      assert.equal(await arrives(plan, allowed), true, 'not even by a decision of its own');
      bench.state.remove(1);
      await bench.settle();
      assert.deepEqual([await arrives(plan, banned), await arrives(plan, other)], [true, true]);
    });

    test(`${name}: bans of an address and of a range end with their time, nobody asked`, async () => {
      await start(mode);
      // On a machine that stands still for seconds the ban can be over before the packet: then with more time.
      for (const value of [banned, range]) {
        let seconds = 1;
        for (let wasDropped = false; !wasDropped; seconds *= 2) {
          bench.add(seconds, value, `${seconds}s`);
          await bench.settle();
          wasDropped = !await arrives(plan, banned);
        }
        await waitFor(`${value} is let in`, () => arrives(plan, banned));
        // The kernel counts in ticks of its own and may be a little early.
        await waitFor(`${value} is over`, async () => {
          await bench.settle();
          return bench.state.size === 0;
        });
        await bench.heals({}, `the kernel holds nothing of ${value}`);
        assert.equal(bench.enforcer.counts.refusals, 0);
      }
    });

    test(`${name}: an extended ban holds beyond its first end`, async () => {
      await start(mode);
      bench.add(1, banned, '1s');
      bench.add(2, other, '1s');
      await bench.settle();
      bench.add(1, banned, '1h');
      await bench.settle();
      await waitFor('the other one is let in', () => arrives(plan, other));
      assert.equal(await arrives(plan, banned), false);
    });

    test(`${name}: what passes through to a host behind is dropped too`, async () => {
      await start(mode);
      assert.equal(await arrives(plan, banned, inside, inner), true);
      bench.add(1, banned);
      await bench.settle();
      assert.deepEqual([await arrives(plan, banned, inside, inner), await arrives(plan, other, inside, inner)], [false, true]);
    });

    test(`${name}: reject tells the sender`, async () => {
      await start(mode, true);
      const port = await portOf(here, target);
      bench.add(1, banned);
      await bench.settle();
      assert.equal(await far.ask('connect', other, target, port), 'connected');
      assert.equal(await far.ask('connect', banned, target, port), 'ECONNREFUSED');
    });

    test(`${name}: a ban ends an open connection although a rule lets known ones in`, async () => {
      await start(mode);
      letKnownIn(mode, family);
      const port = await portOf(here, target);
      assert.equal(await far.ask('connect', banned, target, port), 'connected');
      await far.ask('write', `before ${name}`);
      await waitFor('the connection works', async () => (await here.ask('received')).includes(`before ${name}`));
      const dropped = await bench.droppedPackets(family);
      bench.add(1, banned);
      await bench.settle();
      assert.ok(bench.enforcer.cutter.count >= 1, `${bench.enforcer.cutter.count} entries cut`);
      await far.ask('write', `after ${name}`);
      await waitFor('what is written is dropped', async () => await bench.droppedPackets(family) > dropped);
      assert.ok(!(await here.ask('received')).includes(`after ${name}`));
    });
  }
});

/** A rule that accepts packets of known connections; with iptables before ours, where nothing else ends them. */
function letKnownIn(mode: typeof modes[number], family: 4 | 6): void {
  if (mode === 'iptables') {
    run(family === 4 ? 'iptables' : 'ip6tables', ['-I', 'INPUT', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT']);
    return;
  }
  const table = family === 4 ? 'ip' : 'ip6';
  run('nft', ['add', 'table', table, 'filter']);
  run('nft', ['add', 'chain', table, 'filter', 'input', '{ type filter hook input priority 0; }']);
  run('nft', ['add', 'rule', table, 'filter', 'input', 'ct', 'state', 'established', 'accept']);
}
