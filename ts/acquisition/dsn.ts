// Sources named on the command line: `-dsn file:///var/log/auth.log -type syslog`. Read once, then the process ends.
// Not the files of a configuration: see load.ts.

import { statSync } from 'node:fs';
import { loadIngestAddon } from '../../native/index.js';
import { logLevels, type LogLevel } from '../config/config.js';
import { PalisadeError } from '../errors.js';
import { checkPattern, fileDefaults } from './sources/file.js';
import { journalctlDsn } from './sources/journalctl.js';
import { fileOnlyModules, modules, noSuchModule } from './modules.js';
import type { SourceSettings, SourceSpec } from './source.js';

/** Returns the source that a DSN names. `labels.type` is the `-type` argument. Throws E_SOURCE with CrowdSec's texts. */
export function parseDsn(dsn: string, labels: Readonly<Record<string, string>>): SourceSpec {
  const colon = dsn.indexOf(':');
  if (colon < 0) throw fail(`${dsn} isn't valid dsn (no protocol)`);
  const name = dsn.slice(0, colon);
  if (fileOnlyModules.has(name)) {
    throw fail(`${name} datasource does not support command-line acquisition`);
  }
  if (!Object.hasOwn(modules, name)) throw fail(`no acquisition for protocol ${name}:// - ${noSuchModule(name)}`);
  const settings: SourceSettings = { labels, mode: 'cat', useTimeMachine: name === 'file', name: '', uniqueId: '',
    logLevel: null, transform: null, place: null };
  try {
    return name === 'file' ? fileDsn(dsn, settings) : { ...settings, ...journalctlDsn(dsn) };
  } catch (error) {
    if (error instanceof PalisadeError || (error as { code?: string }).code === 'E_NATIVE') throw error;
    throw fail(`while configuration datasource for ${dsn}: ${(error as Error).message}`);
  }
}

function fileDsn(dsn: string, settings: SourceSettings): SourceSpec {
  if (!dsn.startsWith('file://')) throw new Error(`invalid DSN ${dsn} for file source, must start with file://`);
  const [pattern, query = '', ...more] = dsn.slice('file://'.length).split('?');
  if (pattern === '') throw new Error('empty file:// DSN');
  // As in CrowdSec, a second question mark makes the whole query void.
  const logLevel = more.length > 0 ? null : queryOf(query);
  checkPattern(pattern);
  const found = loadIngestAddon().glob(pattern);
  if (found.length === 0) throw new Error(`no matching files for pattern ${pattern}`);
  if (found.every((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())) {
    throw new Error(`${found.join(', ')} is a directory; name its files, e.g. file://${found[0].replace(/\/$/, '')}/*.log`);
  }
  // The names found, not the pattern: what appears while the first files are read is not part of this replay.
  const patterns = found.map((path) => path.replace(/[*?[\\]/g, '\\$&'));
  return { ...settings, logLevel, module: 'file', file: { ...fileDefaults, patterns, excludeRegexps: [] } };
}

/** Checks the parameters after `?` and returns the log level, if one is given. */
function queryOf(query: string): LogLevel | null {
  let logLevel: LogLevel | null = null;
  const parameters = new URLSearchParams(query);
  for (const key of parameters.keys()) {
    const values = parameters.getAll(key);
    if (key !== 'log_level' && key !== 'max_buffer_size') throw new Error(`unknown parameter ${key}`);
    if (values.length !== 1) throw new Error(`expected zero or one value for '${key}'`);
    if (key === 'log_level') logLevel = levelOf(values[0]);
    else if (!/^[+-]?[0-9]+$/.test(values[0])) throw new Error(`could not parse max_buffer_size ${values[0]}`);
  }
  return logLevel;
}

function levelOf(word: string): LogLevel {
  const level = word.toLowerCase() === 'warn' ? 'warning' : word.toLowerCase();
  if (!(logLevels as readonly string[]).includes(level)) throw new Error(`unknown level ${word}`);
  return level as LogLevel;
}

function fail(detail: string): PalisadeError {
  return new PalisadeError('E_SOURCE', detail);
}
