// What lint looks for in the files that belong to rules and are none: contexts, which say what alerts carry, and
// profiles.yaml, which says what becomes of them.

import type { ContextSpec } from '../alert/context.js';
import { contextsOf } from '../alert/context-load.js';
import { parseDocuments } from '../config/document.js';
import type { Place } from '../errors.js';
import { type EventNames, newEventNames } from '../event/event.js';
import { compile } from '../expr/compiled.js';
import { profileEnv } from '../expr/env.js';
import { helperTable } from '../expr-helpers/table.js';
import { type ProfileSpec, profilesOf } from '../profile/profile-spec.js';
import { fieldFindings } from './expression-findings.js';
import { type Finding, placeWithin, warning } from './finding.js';
import type { KnownFields } from './known-fields.js';

/** A file read; `warnings` are sentences with places. */
export interface ContextFile {
  readonly contexts: readonly ContextSpec[];
  readonly warnings: readonly string[];
  readonly dataFiles: readonly never[];
}

/** The profiles of a file and where each begins. */
export interface ProfileFile {
  readonly profiles: readonly ProfileSpec[];
  readonly places: readonly Place[];
  readonly warnings: readonly string[];
  readonly dataFiles: readonly never[];
}

/** Reads a context file; the console's own has no `context:` around its keys. Throws the first fault. */
export function readContexts(file: string, text: string, names: EventNames): ContextFile {
  const documents = parseDocuments(file, text);
  const isConsole = !/^context:/m.test(text);
  const warnings: string[] = [];
  const contexts = contextsOf(isConsole ? [] : documents, isConsole ? documents : [], { names, functions: helperTable, warnings });
  return { contexts, warnings, dataFiles: [] };
}

/** Fields that contexts name and nothing writes. */
export function contextFindings({ contexts }: ContextFile, known: KnownFields): Finding[] {
  return contexts.flatMap(({ expressions }) => expressions.flatMap((expression) => fieldFindings(expression, known)));
}

/** Reads profiles as the Local API does. Throws the first fault. */
export function readProfiles(file: string, text: string): ProfileFile {
  const documents = parseDocuments(file, text);
  const names = newEventNames();
  const { profiles, warnings } = profilesOf(documents, (source, kind) => compile(source, { env: profileEnv, functions: helperTable, names,
    allowAsync: true, ...(kind === 'filter' && { want: 'bool' as const }) }));
  const places = documents.map((document) => document.placeOf(document.root));
  return { profiles, places, dataFiles: [],
    warnings: warnings.map((sentence, index) => `${file}:${(places[index] ?? places[0]).line}: ${sentence}`) };
}

/** Profiles that can do nothing, and those that no alert reaches. */
export function profileFindings({ profiles, places }: ProfileFile): Finding[] {
  const findings: Finding[] = [];
  let closed: string | null = null;
  for (const [index, profile] of profiles.entries()) {
    const say = (text: string): number => findings.push(warning('profile-without-effect', text, places[index]));
    if (closed !== null) say(`no alert comes here: ${closed} takes every one`);
    if (profile.filters.length === 0) say('without filters it never matches');
    else if (profile.decisions.length + profile.notifications.length === 0 && !profile.stopsOnSuccess) {
      say('it neither decides nor notifies nor keeps an alert from the profiles that follow');
    }
    findings.push(...profile.filters.flatMap(scopeFindings));
    if (profile.stopsOnSuccess && profile.filters.some(({ text }) => text.trim() === 'true')) closed ??= profile.name;
  }
  return findings;
}

/** Scopes are compared letter by letter, and the engine writes Ip and Range. */
function scopeFindings(filter: ProfileSpec['filters'][number]): Finding[] {
  return [...filter.text.matchAll(/\bGetScope\(\)\s*==\s*(["'])(ip|range)\1/gi)]
    .filter(([, , scope]) => scope !== 'Ip' && scope !== 'Range')
    .map(({ 2: scope, index }) => warning('filter-never-true',
      `no alert has the scope "${scope}", it is written ${scope.toLowerCase() === 'ip' ? 'Ip' : 'Range'}`, placeWithin(filter, index)));
}
