// The demonstration: a short log of attacks by addresses reserved for documentation, made here, never taken from a host.

/** Lines for one log, to be appended to a watched file. */
export interface SampleLog {
  readonly name: string;
  /** Label `type` of the file. */
  readonly type: string;
  readonly lines: readonly string[];
}

const accounts = ['root', 'admin', 'oracle', 'postgres', 'test', 'ubuntu', 'git', 'deploy'];
const secrets = ['/.git/config', '/.env', '/.aws/credentials', '/backup.sql.gz', '/id_rsa', '/.svn/entries'];

/** Attacks around `nowMs`: two on SSH, four on a web server, and visitors who must not be banned. */
export function attackSample(nowMs: number): SampleLog[] {
  return [
    { name: 'auth.log', type: 'syslog', lines: sshLines(nowMs) },
    { name: 'access.log', type: 'nginx', lines: webLines(nowMs) },
  ];
}

function sshLines(nowMs: number): string[] {
  const head = `${syslogTime(nowMs)} demo sshd[4242]: `;
  const guess = (address: string, account: string): string =>
    `${head}Failed password for ${account} from ${address} port 40022 ssh2`;
  return [
    ...Array.from({ length: 8 }, () => guess('203.0.113.7', 'root')),
    ...accounts.map((account) => `${head}Invalid user ${account}2 from 198.51.100.23 port 51515`),
    // Somebody who mistyped a password twice, and an attempt to have somebody else banned by means of a user name.
    guess('192.0.2.80', 'alice'), guess('192.0.2.80', 'alice'),
    ...Array.from({ length: 3 }, () => `${head}Invalid user x from 192.0.2.99 port 22 from 203.0.113.7 port 40022`),
  ];
}

function webLines(nowMs: number): string[] {
  const time = clfTime(nowMs);
  const line = (address: string, path: string, status: number, agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'): string =>
    `${address} - - [${time}] "GET ${path} HTTP/1.1" ${status} 512 "-" "${agent}"`;
  return [
    ...secrets.map((path) => line('198.51.100.66', path, 404)),
    ...Array.from({ length: 12 }, (_, n) => line('203.0.113.120', `/old/page-${n}`, 404)),
    ...Array.from({ length: 7 }, (_, n) => line('198.51.100.200', `/item?id=${n}%20UNION%20SELECT%20password%20FROM%20users`, 200)),
    ...Array.from({ length: 2 }, (_, n) => line('192.0.2.166', `/${n}`, 200, 'sqlmap/1.8#stable (https://sqlmap.org)')),
    ...['/', '/about', '/contact', '/img/logo.png'].map((path) => line('192.0.2.44', path, 200)),
  ];
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function syslogTime(ms: number): string {
  const date = new Date(ms);
  return `${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`;
}

function clfTime(ms: number): string {
  const date = new Date(ms);
  return `${String(date.getUTCDate()).padStart(2, '0')}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:`
    + `${date.toISOString().slice(11, 19)} +0000`;
}
