// Logs of many kinds for comparing engines over a whole hub: the logs of the reference hub's tests, played many times by
// other addresses, with lines left out, doubled and spoiled, and our own generated logs. The same seed gives the same lines.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allTests } from '../../ts/hubtest/test-case.js';
import { nginxLines, sshdLines } from '../../ts/instance/corpus.js';
import { randomFrom } from '../../ts/util/random.js';

/** One log as a source reads it. */
export interface HubLog {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

/** Players of one log that are at it side by side. */
const playersAtOnce = 4;
const startSeconds = 1_780_000_000;
/** What a spoiled line gets somewhere. */
const spoilers = ['"', ' ', '[', ']', '%', '\\', '0', 'x', '-', ':'];

/** About `count` lines: a fifth each of nginx and sshd, the rest shared out evenly among the logs of the tests. */
export function hubLogs(hubDir: string | null, count: number, seed: number): HubLog[] {
  const kinds = hubDir === null ? [] : testLogs(hubDir);
  const ownCount = Math.floor(count / (kinds.length === 0 ? 2 : 5));
  const options = { seed, startSeconds, linesPerSecond: 20, attackers: 5 };
  const own = [
    { name: 'generated-nginx', labels: { type: 'nginx' }, lines: take(nginxLines({ ...options, attackShare: 0.2 }), ownCount) },
    { name: 'generated-sshd', labels: { type: 'syslog' }, lines: take(sshdLines({ ...options, attackShare: 0.3 }), ownCount) },
  ];
  const logCount = kinds.reduce((sum, { logs }) => sum + logs.length, 0);
  const each = Math.ceil((count - 2 * ownCount) / Math.max(1, logCount));
  return [...own, ...kinds.map((kind, index) => ({ name: kind.name, labels: kind.labels, lines: played(kind, index, each, seed) }))];
}

interface Kind {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Each is the log of one test. */
  readonly logs: string[][];
}

/** The tests' logs by their labels, which decide what parses them. */
function testLogs(hubDir: string): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { path, config } of allTests(hubDir)) {
    const file = join(path, config.logFile);
    if (config.logFile === '' || !existsSync(file)) continue;
    const labels = { ...config.labels, type: config.logType };
    const key = JSON.stringify(Object.entries(labels).sort());
    const kind: Kind = kinds.get(key) ?? { name: Object.values(labels).sort().join('-').replace(/[^\w-]/g, '_'), labels, logs: [] };
    kind.logs.push(readFileSync(file, 'utf8').split('\n').filter((line) => line !== ''));
    kinds.set(key, kind);
  }
  return [...kinds.values()];
}

/** One log of a kind after the other, each played by changing addresses of a network of the kind's own. */
function played({ logs }: Kind, kindIndex: number, countEach: number, seed: number): string[] {
  const random = randomFrom(seed * 1000 + kindIndex);
  const lines: string[] = [];
  let started = 0;
  for (const log of logs) {
    for (let end = lines.length + countEach; lines.length < end;) {
      const players = Array.from({ length: playersAtOnce }, () => new Player(kindIndex, started++, random));
      // Side by side, so that the times of a log do not go back while it is played.
      for (const line of log) for (const player of players) lines.push(...player.play(line));
    }
  }
  return lines;
}

/** Plays one log once. */
class Player {
  readonly #random: () => number;
  readonly #network: string;
  readonly #number: number;
  readonly #addresses = new Map<string, string>();

  constructor(kindIndex: number, number: number, random: () => number) {
    this.#random = random;
    this.#network = networkOf(kindIndex);
    this.#number = number;
  }

  /** What becomes of a line: mostly one, sometimes none or two. */
  play(line: string): string[] {
    const draw = this.#random();
    const copies = draw < 0.05 ? 0 : draw < 0.1 ? 2 : 1;
    return Array.from({ length: copies }, () => {
      const redrawn = this.#redrawn(line);
      return this.#random() < 0.02 ? this.#spoiled(redrawn) : redrawn;
    });
  }

  /** Public addresses become others, the same ones the same; what stands behind a slash is a version. */
  #redrawn(line: string): string {
    return line.replace(/(?<![\w./-])(\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)|(?<![\w:/])2001:[0-9a-f:]+/g, (address) => {
      if (/^(10|127|192\.168|172\.(1[6-9]|2\d|3[01])|0|2[2-5]\d)\./.test(address)) return address;
      let made = this.#addresses.get(address);
      if (made === undefined) this.#addresses.set(address, made = this.#nextAddress(address.includes(':')));
      return made;
    });
  }

  #nextAddress(isV6: boolean): string {
    const count = this.#addresses.size;
    if (isV6) return `2001:db8:${this.#number.toString(16)}:${count.toString(16)}::1`;
    return `${this.#network}.${this.#number % 254 + 1}.${(Math.floor(this.#number / 254) * 16 + count) % 254 + 1}`;
  }

  #spoiled(line: string): string {
    const at = Math.floor(this.#random() * line.length);
    return line.slice(0, at) + spoilers[Math.floor(this.#random() * spoilers.length)] + line.slice(at + 1);
  }
}

/** The first half of the addresses that play a kind. */
function networkOf(kindIndex: number): string {
  return `${46 + (kindIndex >> 8)}.${kindIndex & 255}`;
}

function take(corpus: Generator<string, never>, count: number): string[] {
  return Array.from({ length: count }, () => corpus.next().value);
}
