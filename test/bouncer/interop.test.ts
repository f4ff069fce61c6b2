// Our bouncer at the Local API of Debian's crowdsec, end to end: a ban by its cscli, an address or a range, and packets over a
// wire do not arrive any more; the missing stream of changes is one line in the log; --why asks it too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DebianCrowdsec } from '../conformance/debian-crowdsec.js';
import { skipWithoutPackage } from '../support/debian-package.js';
import { RunningDaemon } from '../support/instance.js';
import { freePort } from '../support/free-port.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { projectRoot } from '../support/shared.js';
import { FarHost } from './far-host.js';
import { waitFor } from './wait-for.js';

const { skip } = skipWithoutPackage('crowdsec');
const [here, banned, other] = ['10.9.0.1', '10.9.0.2', '10.9.0.66'];

if (skip !== false) test("our bouncer at the Local API of Debian's crowdsec", { skip }, () => {});
else inNetworkNamespace(import.meta.url, ['nft'], () => {
  const stops: (() => unknown)[] = [];
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  test("bans of Debian's crowdsec reach the packets", async () => {
    const debian = new DebianCrowdsec(await freePort());
    stops.push(() => debian.remove());
    const cscli = async (...args: string[]): Promise<string> => {
      const { exit, stdout, stderr } = await debian.cscli(...args);
      assert.equal(exit, 0, stdout + stderr);
      return stdout;
    };
    await cscli('machines', 'add', 'testm', '-p', 'pass', '--force');
    const key = (await cscli('bouncers', 'add', 'ours', '-o', 'raw')).trim();
    const lapi = debian.start('-no-cs');
    stops.push(() => lapi.stop());
    await lapi.until(() => fetch(debian.url).then(() => true, () => false));
    const far = await FarHost.start('far', [`${here}/24`], [`${banned}/24`, `${other}/24`]);
    const near = await FarHost.startHere();
    stops.push(() => far.stop(), () => near.stop());
    const port = await near.ask('listen', here);

    const folder = mkdtempSync(join(tmpdir(), 'palisade-interop-'));
    stops.push(() => rmSync(folder, { recursive: true }));
    const config = join(folder, 'bouncer.yaml');
    writeFileSync(config, `mode: nftables\napi_url: ${debian.url}\napi_key: ${key}\nupdate_frequency: 200ms\n`);
    const program = join(projectRoot, 'bin/palisade-firewall-bouncer');
    const bouncer = new RunningDaemon(spawn(process.execPath, [program, '-c', config], { stdio: ['ignore', 'pipe', 'pipe'] }));
    stops.push(() => bouncer.stop());
    await bouncer.until(() => bouncer.output.includes('decisions in force'));

    let sent = 0;
    /** Sends until one arrives, or until one is dropped. */
    const becomes = async (source: string, arrives: boolean): Promise<void> => waitFor(`${source} ${arrives ? 'arrives' : 'is dropped'}`, async () => {
      const mark = `packet ${++sent}`;
      const before = dropped();
      await far.ask('send', source, here, port, mark);
      let hasArrived = false;
      await waitFor(`${mark} is here or counted`, async () => {
        hasArrived = (await near.ask('received')).includes(mark);
        return hasArrived || dropped() > before;
      });
      return hasArrived === arrives;
    });
    await becomes(banned, true);
    await cscli('decisions', 'add', '--ip', banned);
    await becomes(banned, false);
    await becomes(other, true);
    assert.match(run(process.execPath, [program, '-c', config, '--why', banned]), /decision \d+: ban of Ip 10\.9\.0\.2 by cscli/);
    await cscli('decisions', 'delete', '--ip', banned);
    await becomes(banned, true);
    await cscli('decisions', 'add', '--range', '10.9.0.64/27');
    await becomes(other, false);
    await becomes(banned, true);
    await cscli('decisions', 'delete', '--range', '10.9.0.64/27');
    await becomes(other, true);
    assert.equal(bouncer.output.match(/has no stream of changes: asking every 0\.2 s/g)?.length, 1, bouncer.output);
    assert.doesNotMatch(bouncer.output, /level=(warning|error)/);
  });
});

/** Packets that the rules of bans have counted. */
function dropped(): number {
  return [...run('nft', ['list', 'ruleset']).matchAll(/@crowdsec-blacklists-\S+ counter packets (\d+) bytes \d+ drop/g)]
    .reduce((sum, [, packets]) => sum + Number(packets), 0);
}
