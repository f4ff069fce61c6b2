// profiles.yaml read and checked: plain data, its expressions compiled. What a profile does is profile-set.ts.

import { existsSync } from 'node:fs';
import { PalisadeError } from '../errors.js';
import { boolean, decode, integer, list, located, oneOf, placed, readDocuments, record, text, type Located,
  type YamlDocument } from '../config/document.js';
import type { CompiledExpr } from '../expr/compiled.js';
import { DurationError, parseDurationWithDays } from '../util/go-duration.js';

/** One decision a profile takes. */
export interface DecisionSpec {
  readonly type: string;
  /** Go duration text, days allowed. */
  readonly duration: string;
  /** '' is the scope of the alert. */
  readonly scope: string;
  /** Shown behind `crowdsec/`; '' is plain `crowdsec`. */
  readonly origin: string;
  readonly simulated: boolean;
}

export type OnError = '' | 'continue' | 'break' | 'apply' | 'ignore';

/** One profile. */
export interface ProfileSpec {
  readonly name: string;
  readonly filters: readonly CompiledExpr[];
  readonly decisions: readonly DecisionSpec[];
  readonly durationExpr: CompiledExpr | null;
  readonly stopsOnSuccess: boolean;
  readonly onError: OnError;
  readonly notifications: readonly string[];
}

/** Profiles in the order they are tried, and what to tell the user about them. */
export interface LoadedProfiles {
  readonly profiles: readonly ProfileSpec[];
  readonly warnings: readonly string[];
}

/** Compiles an expression of a profile: a filter gives true or false, a duration gives text. */
export type CompileExpr = (source: Located, kind: 'filter' | 'duration') => CompiledExpr;

const defaultDuration = '4h';

const decisionShape = record({
  type: placed(text()), duration: placed(text()), scope: text(), origin: text(), simulated: boolean(),
  // CrowdSec reads these into the same structure and then takes them from the alert.
  value: text(), scenario: text(), uuid: text(), until: text(), id: integer(),
}, ['type']);

const profileShape = record({
  name: text(), debug: boolean(), filters: list(located()), decisions: list(placed(decisionShape)),
  duration_expr: located(), on_success: placed(text()), on_failure: oneOf('', 'continue', 'break', 'apply'),
  on_error: oneOf('', 'continue', 'break', 'apply', 'ignore', 'error', 'report'), notifications: list(text()),
});

/** Returns the profiles of a file, those of its `.local` companion before them. Throws when there is none. */
export function loadProfiles(file: string, compile: CompileExpr): LoadedProfiles {
  if (file === '') throw new PalisadeError('E_CONFIG', 'empty profiles path');
  const local = `${file}.local`;
  const documents = [...existsSync(local) ? readDocuments(local) : [], ...readDocuments(file)];
  if (documents.length === 0) throw new PalisadeError('E_CONFIG', `${file}: zero profiles loaded for LAPI`);
  return profilesOf(documents, compile);
}

/** The same from documents that are read already. */
export function profilesOf(documents: readonly YamlDocument[], compile: CompileExpr): LoadedProfiles {
  const warnings: string[] = [];
  return { profiles: documents.map((document) => readProfile(document, compile, warnings)), warnings };
}

function readProfile(document: YamlDocument, compile: CompileExpr, warnings: string[]): ProfileSpec {
  const raw = decode(document, profileShape);
  const name = raw.name ?? '';
  const onSuccess = raw.on_success?.value ?? '';
  if (!['', 'continue', 'break'].includes(onSuccess)) {
    throw new PalisadeError('E_RULE', `invalid 'on_success' for '${name}': ${onSuccess}`, raw.on_success?.place);
  }
  const durationExpr = raw.duration_expr === undefined || raw.duration_expr.text === '' ? null
    : compile(raw.duration_expr, 'duration');
  return {
    name,
    filters: (raw.filters ?? []).map((filter) => compile(filter, 'filter')),
    decisions: (raw.decisions ?? []).map(({ value }) => {
      if (value.duration === undefined && durationExpr === null) {
        warnings.push(`No duration specified for ${name}, using default duration ${defaultDuration}`);
      }
      return { type: value.type.value, duration: readDuration(value.duration, name), scope: value.scope ?? '',
        origin: value.origin ?? '', simulated: value.simulated ?? false };
    }),
    durationExpr,
    stopsOnSuccess: onSuccess === 'break',
    onError: raw.on_error === undefined || raw.on_error === 'error' || raw.on_error === 'report' ? '' : raw.on_error,
    notifications: raw.notifications ?? [],
  };
}

function readDuration(duration: { value: string; place: PalisadeError['place'] } | undefined, profile: string): string {
  if (duration === undefined || duration.value === '') return defaultDuration;
  try {
    parseDurationWithDays(duration.value);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new PalisadeError('E_RULE', `error parsing duration '${duration.value}' of ${profile}: ${error.message}`,
      duration.place);
  }
  return duration.value;
}
