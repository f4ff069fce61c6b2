// The command line of `palisade`: the flags of crowdsec in the syntax of Go's flag package.

import type { LogLevel } from './config/config.js';

export interface Flags {
  readonly config: string;
  /** The most verbose level asked for; null when none was. */
  readonly logLevel: LogLevel | null;
  readonly version: boolean;
  readonly help: boolean;
  readonly testConfig: boolean;
  readonly dsn: string;
  readonly type: string;
  readonly transform: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly noEngine: boolean;
  readonly noApi: boolean;
  readonly noCapi: boolean;
  readonly orderEvents: boolean;
  readonly dumpDir: string;
}

/** A mistake on the command line; exit code as CrowdSec's: 2 for flags, 1 for arguments. */
export class UsageError extends Error {
  constructor(message: string, readonly exitCode: number) {
    super(message);
    this.name = 'UsageError';
  }
}

const levels: LogLevel[] = ['trace', 'debug', 'info', 'warning', 'error', 'fatal'];
const switches: Record<string, string> = {
  t: 'read everything, report errors, exit', version: 'print the version, exit', help: 'print this text, exit',
  h: 'print this text, exit', 'no-cs': 'do not run the engine', 'no-api': 'do not run the Local API',
  'no-capi': 'do not use the Central API', 'order-event': 'pour events strictly in the order of the log',
  trace: 'log level', debug: 'log level', info: 'log level', warning: 'log level', error: 'log level', fatal: 'log level',
};
const values: Record<string, string> = {
  c: 'FILE\tconfiguration file (default /etc/crowdsec/config.yaml)', dsn: 'DSN\treplay one source and exit, e.g. file:///var/log/auth.log',
  type: 'TYPE\tlabel `type` of the replayed source', label: 'K:V[,K:V]\tmore labels of the replayed source, repeatable',
  transform: 'EXPR\texpression applied to each replayed line', 'dump-data': 'DIR\twrite what parsers and buckets did, send no alert',
};

/** Help text, as `palisade -h` prints it on stderr. */
export function usage(): string {
  const rows = [...Object.entries(values), ...Object.entries(switches).filter(([name]) => name !== 'h')].sort(([a], [b]) => (a < b ? -1 : 1));
  return `Usage of palisade:\n${rows.map(([name, text]) => {
    const [argument, description] = text.includes('\t') ? text.split('\t') : ['', text];
    return `  ${`-${name} ${argument}`.padEnd(26)}${description}`;
  }).join('\n')}\n`;
}

/** Reads the flags. Throws UsageError in the words of Go's flag package. */
export function parseFlags(argv: readonly string[], environment: NodeJS.ProcessEnv = process.env): Flags {
  const given = new Map<string, string[]>();
  const set = new Set<string>();
  for (let index = 0; index < argv.length; index++) {
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argv[index]);
    if (match === null) throw new UsageError(`argument provided but not defined: ${argv[index]}`, 1);
    const [, name, inline] = match;
    if (Object.hasOwn(switches, name)) {
      if (inline === undefined || /^(1|t|true)$/i.test(inline)) set.add(name);
      else if (!/^(0|f|false)$/i.test(inline)) throw new UsageError(`invalid boolean value "${inline}" for -${name}: parse error`, 2);
    } else if (Object.hasOwn(values, name)) {
      const value = inline ?? argv[++index];
      if (value === undefined) throw new UsageError(`flag needs an argument: -${name}`, 2);
      given.set(name, [...(given.get(name) ?? []), value]);
    } else throw new UsageError(`flag provided but not defined: -${name}`, 2);
  }
  return resolve(given, set, environment);
}

function resolve(given: Map<string, string[]>, set: Set<string>, environment: NodeJS.ProcessEnv): Flags {
  const last = (name: string): string => given.get(name)?.at(-1) ?? '';
  if (last('dsn') !== '' && last('type') === '') throw new UsageError('-dsn requires a -type argument', 1);
  if (last('type') !== '' && last('dsn') === '') throw new UsageError('-type requires a -dsn argument', 1);
  if (last('transform') !== '' && last('dsn') === '') throw new UsageError('-transform requires a -dsn argument', 1);
  if (set.has('no-cs') && set.has('no-api')) throw new UsageError('you must run at least the API Server or crowdsec', 1);
  return {
    config: last('c') || environment['PALISADE_CONFIG'] || '/etc/crowdsec/config.yaml',
    logLevel: levels.find((level) => set.has(level)) ?? null,
    version: set.has('version'), help: set.has('help') || set.has('h'), testConfig: set.has('t'),
    dsn: last('dsn'), type: last('type'), transform: last('transform'), labels: labels(given.get('label') ?? []),
    noEngine: set.has('no-cs'), noApi: set.has('no-api'), noCapi: set.has('no-capi'),
    orderEvents: set.has('order-event'), dumpDir: last('dump-data'),
  };
}

function labels(texts: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of texts.flatMap((text) => text.split(','))) {
    const parts = pair.split(':');
    if (parts.length !== 2) throw new UsageError(`bad format '${pair}' for label, it should be key:value`, 1);
    found[parts[0]] = parts[1];
  }
  return found;
}
