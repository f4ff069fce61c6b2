// Seeded log generators: the same seed gives the same lines, and a longer log begins with the shorter one.
// Also the source of the demonstration log of a first start. Every address and name here is invented.

import { randomFrom } from '../util/random.js';

/** A stream of log lines without line ends. */
export type Corpus = Generator<string, never>;

/** What a corpus is made from. */
export interface CorpusOptions {
  readonly seed: number;
  /** Unix seconds of the first line. */
  readonly startSeconds: number;
  readonly linesPerSecond: number;
  /** Share of lines that belong to attacks, 0 to 1. */
  readonly attackShare: number;
  /** Addresses that attack at one time; each attacks for a while, then the next takes its place. */
  readonly attackers: number;
}

const browsers = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36',
];
const pages = ['/', '/index.html', '/about', '/contact', '/blog/2024/07/a-day-out', '/shop/cart', '/shop/item?id=', '/search?q=',
  '/api/v1/status', '/static/app.js', '/static/site.css', '/images/logo.png', '/images/photo-', '/fonts/text.woff2'];
const referers = ['-', '-', 'https://www.example.org/', 'https://search.example.net/?q=garden+chairs'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** One kind of attack: how many requests it takes, and its n-th request: method, path, status, user agent. */
interface WebAttack {
  readonly requests: number;
  readonly request: (n: number) => readonly [method: string, path: string, status: number, agent: string];
}

const secrets = ['/.git/config', '/.env', '/.aws/credentials', '/id_rsa', '/.svn/entries', '/.htpasswd', '/config.bak'];

const webAttacks: readonly WebAttack[] = [
  { requests: 13, request: (n) => ['GET', `/backup-${n}/old-site-${n * 7}.zip`, 404, browsers[2]] },
  { requests: 5, request: (n) => ['GET', `/view?file=../../../../../../etc/passwd&n=${n}`, 400, browsers[2]] },
  { requests: 4, request: (n) => ['GET', `/page-${n}`, 200, 'Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000001)'] },
  { requests: 8, request: (n) => ['GET', `/find?text=<script>alert(${n})</script>`, 200, browsers[0]] },
  { requests: 7, request: (n) => ['GET', secrets[n % secrets.length], 404, browsers[4]] },
];

/** nginx access log in the combined format. */
export function* nginxLines(options: CorpusOptions): Corpus {
  const random = randomFrom(options.seed);
  const visitors = Array.from({ length: 2000 }, () => address(random, 80));
  const attackers = new Attackers(options, random, (kind) => webAttacks[kind % webAttacks.length].requests);
  for (let index = 0; ; index++) {
    const time = clfTime(options.startSeconds + Math.floor(index / options.linesPerSecond));
    if (random() < options.attackShare) {
      const { address: from, kind, count } = attackers.next();
      const [method, path, status, agent] = webAttacks[kind % webAttacks.length].request(count);
      yield `${from} - - [${time}] "${method} ${path} HTTP/1.1" ${status} ${150 + count} "-" "${agent}"`;
      continue;
    }
    const from = pick(visitors, random);
    const page = pick(pages, random);
    const path = /[=-]$/.test(page) ? page + Math.floor(random() * 500) : page;
    const status = random() < 0.97 ? 200 : 304;
    yield `${from} - ${random() < 0.02 ? 'alice' : '-'} [${time}] "${random() < 0.93 ? 'GET' : 'POST'} ${path} HTTP/${random() < 0.8 ? '1.1' : '2.0'}" ${status} `
      + `${Math.floor(random() * 60_000)} "${pick(referers, random)}" "${pick(browsers, random)}"`;
  }
}

/** Passwords that one address tries before it gives up. */
const guessesEach = 300;
const accounts = ['root', 'admin', 'oracle', 'postgres', 'test', 'ubuntu', 'git', 'deploy', 'pi', 'nagios', 'ftpuser', 'guest'];

/** sshd lines as syslog writes them to auth.log (no year). */
export function* sshdLines(options: CorpusOptions): Corpus {
  const random = randomFrom(options.seed);
  const attackers = new Attackers(options, random, () => guessesEach);
  for (let index = 0; ; index++) {
    const time = syslogTime(options.startSeconds + Math.floor(index / options.linesPerSecond));
    const pid = 1000 + Math.floor(random() * 30_000);
    const head = `${time} gate sshd[${pid}]: `;
    const port = 1024 + Math.floor(random() * 60_000);
    if (random() < options.attackShare) {
      const { address: from, kind, count } = attackers.next();
      const account = accounts[(kind + count) % accounts.length];
      if (kind % 3 === 0) yield `${head}Invalid user ${account}${count} from ${from} port ${port}`;
      else if (kind % 3 === 1) yield `${head}Failed password for ${account} from ${from} port ${port} ssh2`;
      else yield `${head}Failed password for invalid user ${account}${count} from ${from} port ${port} ssh2`;
      continue;
    }
    const from = address(random, 80);
    const choice = Math.floor(random() * 5);
    if (choice === 0) yield `${head}Accepted publickey for deploy from ${from} port ${port} ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyz012345`;
    else if (choice === 1) yield `${head}pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)`;
    else if (choice === 2) yield `${head}pam_unix(sshd:session): session closed for user deploy`;
    else if (choice === 3) yield `${head}Received disconnect from ${from} port ${port}:11: disconnected by user`;
    else yield `${head}Disconnected from user deploy ${from} port ${port}`;
  }
}

/** Writes the first `count` lines of a corpus in chunks of about 1 MB. */
export function* chunksOf(corpus: Corpus, count: number): Generator<string> {
  let chunk: string[] = [];
  for (let index = 0; index < count; index++) {
    chunk.push(corpus.next().value, '\n');
    if (chunk.length >= 16_384) {
      yield chunk.join('');
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk.join('');
}

/** A few addresses attack at a time, each with one kind of attack, until it has made its requests. */
class Attackers {
  readonly #random: () => number;
  readonly #requestsOf: (kind: number) => number;
  readonly #active: { address: string; kind: number; count: number }[] = [];
  #started = 0;

  constructor(options: CorpusOptions, random: () => number, requestsOf: (kind: number) => number) {
    this.#random = random;
    this.#requestsOf = requestsOf;
    for (let index = 0; index < options.attackers; index++) this.#active.push(this.#fresh());
  }

  next(): { address: string; kind: number; count: number } {
    const index = Math.floor(this.#random() * this.#active.length);
    const attacker = this.#active[index];
    attacker.count++;
    if (attacker.count >= this.#requestsOf(attacker.kind)) this.#active[index] = this.#fresh();
    return attacker;
  }

  #fresh(): { address: string; kind: number; count: number } {
    return { address: address(this.#random, 180), kind: this.#started++, count: 0 };
  }
}

function address(random: () => number, first: number): string {
  const octet = (): number => 1 + Math.floor(random() * 254);
  return `${first + Math.floor(random() * 10)}.${octet()}.${octet()}.${octet()}`;
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)];
}

function clfTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${two(date.getUTCHours())}:`
    + `${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

function syslogTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${two(date.getUTCHours())}:`
    + `${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}
