// The bouncers that are measured: ours and Debian's crowdsec-firewall-bouncer, each as a process of its own with a
// configuration of its own, in the network namespace of the caller. Not the Local API they ask.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../test/support/shared.js';

/** A way to start a bouncer. */
export interface BouncerEngine {
  readonly name: string;
  readonly program: string;
  readonly args: (configuration: string) => readonly string[];
  /** What its log says when the first answer is in the kernel; absent: nothing. */
  readonly says?: RegExp;
}

/** A started bouncer. */
export interface BouncerProcess {
  readonly child: ChildProcess;
  /** Resolves when it says that the first answer is in the kernel, or when it has ended. */
  readonly said: Promise<void>;
  /** CPU seconds and resident megabytes so far. */
  usage(): { readonly cpuSeconds: number; readonly residentMb: number };
  stop(): Promise<void>;
}

/** Ours. */
export const palisadeBouncer: BouncerEngine = { name: 'palisade', program: process.execPath,
  args: (configuration) => [join(projectRoot, 'bin/palisade-firewall-bouncer'), '-c', configuration],
  says: /decisions in force/ };

/** The peer, from an unpacked Debian package. */
export function debianBouncer(folder: string): BouncerEngine {
  return { name: 'crowdsec-firewall-bouncer', program: join(folder, 'usr/bin/crowdsec-firewall-bouncer'),
    args: (configuration) => ['-c', configuration] };
}

/** Starts a bouncer against a Local API. */
export function startEngine(engine: BouncerEngine, apiUrl: string, apiKey: string): BouncerProcess {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-bench-'));
  const configuration = join(folder, 'bouncer.yaml');
  writeFileSync(configuration, `mode: nftables\npid_dir: ${folder}\nupdate_frequency: 10s\ndaemonize: false\n`
    + `log_mode: ${engine.says === undefined ? `file\nlog_dir: ${folder}/` : 'stdout'}\nlog_level: info\napi_url: ${apiUrl}\napi_key: ${apiKey}\n`
    + 'disable_ipv6: true\ndeny_action: DROP\nnftables:\n  ipv4:\n    enabled: true\n    set-only: false\n'
    + '    table: crowdsec\n    chain: crowdsec-chain\n  ipv6:\n    enabled: false\n');
  const child = spawn(engine.program, engine.args(configuration), { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = new Promise<void>((resolve) => {
    child.stderr!.on('data', (data: Buffer) => { if (engine.says?.test(String(data))) resolve(); });
    child.once('exit', () => resolve());
  });
  return { child, said, usage: () => usageOf(child.pid!), stop: async () => {
    child.kill('SIGKILL');
    await ended;
  } };
}

function usageOf(pid: number): { cpuSeconds: number; residentMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentMb: Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024 };
}
