// Lines made to cost much: long ones, ones on which backtracking engines go astray, and sources that fill the buckets.
// Every address and name is invented.

import { nginxLines, sshdLines, type Corpus } from '../../ts/instance/corpus.js';

/** A log, and the ordinary one whose time per byte it is held against. */
export interface HostileCase {
  readonly name: string;
  readonly type: string;
  readonly lines: () => Generator<string>;
  readonly lineCount: number;
  readonly beside: () => Generator<string>;
}

/** Pieces that are repeated: each nests or overlaps with what patterns look for. */
export const pumps: readonly string[] = ['a', '1', ' ', '"', '.', ':', '/', '-', '%', '=', '[', '(', '\\', 'a.', '1.', '1:', 'a ', 'a=', 'a="', '" "', '[1] ', '::',
  '../', '%25', '0x', '1 - ', 'Jan ', 'é'];

/** Time per byte may be this many times the ordinary one. */
export const hostileRatioMax = 3;

const options = { seed: 11, startSeconds: 1_780_000_000, linesPerSecond: 1000, attackShare: 0.05, attackers: 4 };
const nginx = (): Corpus => nginxLines(options);
const sshd = (): Corpus => sshdLines(options);

/** Ordinary lines whose request is stretched to about `length` characters with a piece. */
function* stretched(length: number): Generator<string> {
  for (let index = 0; ; index++) {
    const piece = pumps[index % pumps.length];
    yield `192.0.2.1 - - [28/May/2026:20:26:40 +0000] "GET /${piece.repeat(Math.ceil(length / piece.length))} HTTP/1.1" 200 1 "-" "-"`;
  }
}

/** Requests for what is not there, each from another address. */
function* strangers(perSecond: number): Generator<string> {
  for (let index = 0; ; index++) {
    const second = 40 + Math.floor(index / perSecond);
    yield `${1 + (index >> 24)}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255} - - [28/May/2026:20:${26 + Math.floor(second / 60)}:${
      String(second % 60).padStart(2, '0')} +0000] "GET /nothing-${index % 500} HTTP/1.1" 404 12 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:127.0)"`;
  }
}

/** One address that never gives up. */
function* guesses(): Generator<string> {
  const accounts = ['root', 'admin', 'git', 'deploy'];
  for (let index = 0; ; index++) {
    const second = Math.floor(index / 50);
    yield `May 28 ${String(10 + Math.floor(second / 3600)).padStart(2, '0')}:${String(Math.floor(second / 60) % 60).padStart(2, '0')}:${
      String(second % 60).padStart(2, '0')} host sshd[${1000 + index % 5000}]: Failed password for ${accounts[index % 4]} from 198.51.100.7 port ${1024 + index % 50_000} ssh2`;
  }
}

/** The logs of the suite. */
export const hostileCases: readonly HostileCase[] = [
  { name: 'requests of 8 KB', type: 'nginx', lineCount: 2000, lines: () => stretched(8192), beside: nginx },
  { name: 'lines of a megabyte (cut at 64 KiB)', type: 'nginx', lineCount: 84, lines: () => stretched(1 << 20), beside: nginx },
  { name: '10,000 new sources a second', type: 'nginx', lineCount: 100_000, lines: () => strangers(10_000), beside: nginx },
  { name: 'one source, 100,000 failed log-ins', type: 'syslog', lineCount: 100_000, lines: guesses, beside: sshd },
];

/** Lines each of which opens two buckets, that share its event: a million in all, before the first has leaked out. */
export const manyBuckets = { type: 'nginx', lineCount: 500_000, bucketCount: 1_000_000, megabytesMax: 300, lines: () => strangers(100_000) } as const;
