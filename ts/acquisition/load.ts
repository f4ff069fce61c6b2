// Loads acquis.yaml and the files of acquisition_dir into checked source specifications (engine.md 1.1).
// Opens no log: see modules.ts.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { logLevels, type LogLevel } from '../config/config.js';
import { boolean, decode, located, mapOf, oneOf, parseDocuments, record, text, type Located, type Shaped,
  type YamlDocument } from '../config/document.js';
import { expandEnvironment } from '../config/expansion.js';
import { readText } from '../config/text-file.js';
import { isNull, type Node } from '../config/yaml-node.js';
import { PalisadeError, type Place } from '../errors.js';
import { modules, noSuchModule } from './modules.js';
import type { SourceSettings, SourceSpec } from './source.js';

/** What the acquisition files say. `warnings` are whole sentences for the log. */
export interface Acquisition {
  readonly sources: readonly SourceSpec[];
  readonly warnings: readonly string[];
}

/** Where acquisition files are looked for; '' means not configured. */
export interface AcquisitionPaths {
  readonly acquisitionPath: string;
  readonly acquisitionDir: string;
}

const commonKeys = {
  source: text(), mode: oneOf('tail', 'cat', 'server'), labels: mapOf(text()), name: text(), unique_id: text(),
  log_level: oneOf(...logLevels, 'warn'), use_time_machine: boolean(), transform: located(),
};

type CommonKeys = { [K in keyof typeof commonKeys]?: Shaped<(typeof commonKeys)[K]> };

/** Reads all acquisition files. A missing file or folder is none. Throws a PalisadeError at the place of a mistake. */
export function loadAcquisition(paths: AcquisitionPaths, environment: NodeJS.ProcessEnv = process.env): Acquisition {
  const warnings: string[] = [];
  if (paths.acquisitionPath === '' && paths.acquisitionDir === '') {
    warnings.push('no acquisition_path or acquisition_dir specified');
  }
  const files = [...(paths.acquisitionPath === '' ? [] : [paths.acquisitionPath]), ...filesIn(paths.acquisitionDir)];
  const sources = files.flatMap((file) => {
    const content = readIfThere(file);
    return content === null ? [] : parseAcquisition(file, expandEnvironment(content, environment), warnings);
  });
  return { sources, warnings };
}

/** Checks the text of one acquisition file. Each document is one source; empty ones are skipped. */
export function parseAcquisition(file: string, content: string, warnings: string[]): SourceSpec[] {
  return parseDocuments(file, content).map((document) => sourceOf(document, warnings)).filter((spec) => spec !== null);
}

function sourceOf(document: YamlDocument, warnings: string[]): SourceSpec | null {
  const head = topLevel(document);
  if (head.size === 0) return null;
  const name = moduleOf(document, head, warnings);
  if (!Object.hasOwn(modules, name)) {
    throw fault(document, head.get('source'), `in file ${document.file} (position ${document.index}) - ${noSuchModule(name)}`);
  }
  if (!hasLabels(head.get('labels'))) throw fault(document, head.get('labels'), 'missing labels');
  const module = modules[name];
  const values = decode(document, record({ ...commonKeys, ...module.keys })) as CommonKeys & Record<string, unknown>;
  if (values.mode === 'server' && name !== 'syslog') throw fault(document, head.get('mode'), `unsupported mode server for ${name} source`);
  const settings = settingsOf(values, document.placeOf(document.root));
  try {
    const spec = module.spec(settings, values);
    const unavailable = module.unavailable();
    if (unavailable === null) return spec;
    warnings.push(`data source ${name} of ${document.file} (position ${document.index}) is left out: ${unavailable}`);
    return null;
  } catch (error) {
    if (error instanceof PalisadeError || (error as { code?: string }).code === 'E_NATIVE') throw error;
    throw fault(document, undefined, `datasource of type ${name}: ${(error as Error).message}`);
  }
}

/** The module that a document names or, as in files of CrowdSec's first versions, implies. */
function moduleOf(document: YamlDocument, head: ReadonlyMap<string, Node>, warnings: string[]): string {
  const source = head.get('source');
  if (source?.kind === 'scalar' && source.value !== null && source.value !== '') return source.text;
  const implied = head.has('filename') || head.has('filenames') ? 'file' : head.has('journalctl_filter') ? 'journalctl' : null;
  if (implied === null || source !== undefined) throw fault(document, source, "missing 'source' field");
  warnings.push(`${document.file} (position ${document.index}): datasource type missing, detected 'source=${implied}'`);
  return implied;
}

function topLevel(document: YamlDocument): Map<string, Node> {
  if (document.root.kind !== 'map') {
    throw new PalisadeError('E_SHAPE', 'the document must be a mapping (key: value)', document.placeOf(document.root));
  }
  return new Map(document.root.pairs.map(([key, value]) => [key.kind === 'scalar' ? key.text : '', value]));
}

function hasLabels(node: Node | undefined): boolean {
  // Anything but a mapping is left to the shape check, which words it better.
  return node !== undefined && !isNull(node) && !(node.kind === 'map' && node.pairs.length === 0);
}

function settingsOf(values: CommonKeys, place: Place): SourceSettings {
  const transform: Located | undefined = values.transform;
  return {
    labels: Object.fromEntries(values.labels ?? []), mode: values.mode === 'cat' ? 'cat' : 'tail',
    useTimeMachine: values.use_time_machine ?? false, name: values.name ?? '', uniqueId: values.unique_id ?? '',
    logLevel: logLevelOf(values.log_level), transform: transform === undefined || transform.text === '' ? null : transform, place,
  };
}

function logLevelOf(word: LogLevel | 'warn' | undefined): LogLevel | null {
  return word === undefined ? null : word === 'warn' ? 'warning' : word;
}

function fault(document: YamlDocument, node: Node | undefined, detail: string): PalisadeError {
  return new PalisadeError('E_SOURCE', detail, document.placeOf(node ?? document.root));
}

function filesIn(folder: string): string[] {
  if (folder === '') return [];
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new PalisadeError('E_FILE', `cannot read ${folder}: ${(error as Error).message}`, undefined, { cause: error });
  }
  return ['.yaml', '.yml'].flatMap((ending) => names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name)));
}

function readIfThere(file: string): string | null {
  return existsSync(file) ? readText(file) : null;
}
