// Programs of the packet filter, run by argv with their input on a pipe, never through a shell.

import { spawn } from 'node:child_process';
import { BackendError } from '../backend.js';

/** Resolves to what the program prints. Throws a BackendError with what it complains of. */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => errors.push(data));
    child.on('error', (error) => reject(new BackendError(`${program}: ${error.message}`, { cause: error })));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new BackendError(`${program} ${args.slice(0, 4).join(' ')}: ${Buffer.concat(errors).toString().trim()}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Whether the program succeeds. */
export function attempt(program: string, args: readonly string[]): Promise<boolean> {
  return runProgram(program, args).then(() => true, () => false);
}
