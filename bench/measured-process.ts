// Runs a program to its end and tells what it cost: CPU seconds of all its threads, wall time, peak memory.
// Node cannot ask for the resource usage of a child; Python, which the native build needs anyway, can.

import { spawn } from 'node:child_process';

export interface Cost {
  readonly exit: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakBytes: number;
  /** The program's standard error, for messages. */
  readonly stderr: string;
}

const wrapper = `
import json, os, resource, subprocess, sys, time
start = time.monotonic()
exit = subprocess.call(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
wall = time.monotonic() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(int(sys.argv[1]), "w") as out:
    json.dump({"exit": exit, "cpuSeconds": usage.ru_utime + usage.ru_stime, "wallSeconds": wall, "peakBytes": usage.ru_maxrss * 1024}, out)
`;

/** Runs a command. Rejects after `timeoutMs`, when the child is ended. */
export function measure(command: readonly string[], environment: Record<string, string>, timeoutMs: number): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', wrapper, '3', ...command],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment }, detached: true });
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), timeoutMs);
    let stderr = '';
    let report = '';
    child.stderr!.on('data', (data: Buffer) => { stderr = (stderr + data.toString()).slice(-8000); });
    child.stdio[3]!.on('data', (data: Buffer) => { report += data.toString(); });
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      if (report === '') reject(new Error(`${command[0]} did not end within ${timeoutMs} ms\n${stderr}`));
      else resolve({ ...(JSON.parse(report) as Omit<Cost, 'stderr'>), stderr });
    });
  });
}
