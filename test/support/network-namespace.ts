// Tests that change a firewall or real packets run in a network namespace of their own: the test file starts itself
// again inside `unshare -n`. Nothing ever touches the ruleset of the host.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const timeoutMs = 600_000;
const outside = 'PALISADE_TEST_OUTER_NETWORK';

/**
 * Runs `define`, which declares tests, in a new namespace. Outside of it there is one test: that those inside pass. It
 * is skipped, saying why, without root, `unshare` or one of the `tools`.
 */
export function inNetworkNamespace(fileUrl: string, tools: readonly string[], define: () => void): void {
  const outer = process.env[outside];
  if (outer !== undefined) {
    assert.notEqual(networkOf('self'), outer, 'still in the outer network namespace');
    run('ip', ['link', 'set', 'lo', 'up']);
    define();
    return;
  }
  const file = fileURLToPath(fileUrl);
  test(`${basename(file)} passes in a network namespace of its own`, { skip: missing(tools) }, () => {
    const env: NodeJS.ProcessEnv = { ...process.env, [outside]: networkOf('self') };
    delete env['NODE_TEST_CONTEXT'];
    const child = spawnSync('unshare', ['-n', process.execPath, file], { encoding: 'utf8', env, timeout: timeoutMs });
    assert.equal(child.status, 0, child.stdout + child.stderr);
  });
}

/** Runs a program by argv and returns what it prints; a failure is an assertion with its output. */
export function run(program: string, args: readonly string[], input?: string): string {
  const child = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 1 << 28 });
  assert.equal(child.status, 0, `${program} ${args.join(' ')}: ${child.error?.message ?? ''}${child.stderr}`);
  return child.stdout;
}

function missing(tools: readonly string[]): string | false {
  if (process.getuid?.() !== 0) return 'needs root, for a network namespace';
  if (spawnSync('unshare', ['-n', 'true']).status !== 0) return 'needs the right to make network namespaces';
  const absent = ['ip', ...tools].find((tool) => spawnSync(tool, ['-V']).error !== undefined);
  return absent === undefined ? false : `needs the program ${absent}`;
}

function networkOf(pid: string): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
