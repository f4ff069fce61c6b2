// The table of acquisition modules: which Palisade reads, with their keys, and which of CrowdSec's it knows by name only.

import { PalisadeError } from '../errors.js';
import type { Shape } from '../config/document.js';
import { fileKeys, fileSource, fileSpec } from './sources/file.js';
import { journalctlIsMissing, journalctlKeys, journalctlSource, journalctlSpec } from './sources/journalctl.js';
import { syslogKeys, syslogSource, syslogSpec } from './sources/syslog.js';
import type { Source, SourceContext, SourceSettings, SourceSpec } from './source.js';

/** One module that Palisade reads. */
export interface AcquisitionModule {
  readonly keys: Readonly<Record<string, Shape<unknown>>>;
  /** Turns the values of its keys into a specification. Throws an Error with the reason, or a PalisadeError. */
  spec(settings: SourceSettings, values: Record<string, unknown>): SourceSpec;
  /** Why it cannot run on this host, or null. Such a source is left out with a message, not an error. */
  unavailable(): string | null;
}

/** Modules by name. */
export const modules: Readonly<Record<string, AcquisitionModule>> = {
  file: {
    keys: fileKeys,
    spec: (settings, values) => ({ ...settings, module: 'file', file: fileSpec(values) }),
    unavailable: () => null,
  },
  journalctl: {
    keys: journalctlKeys,
    spec: (settings, values) => ({ ...settings, module: 'journalctl', journalctl: journalctlSpec(values) }),
    unavailable: journalctlIsMissing,
  },
  syslog: {
    keys: syslogKeys,
    spec: (settings, values) => ({ ...settings, module: 'syslog', syslog: syslogSpec(settings, values) }),
    unavailable: () => null,
  },
};

/** Modules that CrowdSec does not take on the command line either. */
export const fileOnlyModules: ReadonlySet<string> = new Set(['appsec', 'http', 'k8s-audit', 'kafka', 'kinesis', 'syslog']);

/** CrowdSec's other modules. */
export const unbuiltModules: ReadonlySet<string> = new Set(['appsec', 'cloudwatch', 'docker', 'http', 'k8s-audit', 'kafka',
  'kinesis', 'loki', 's3', 'victorialogs', 'wineventlog']);

/** Why there is no module of this name. */
export function noSuchModule(name: string): string {
  return unbuiltModules.has(name)
    ? `data source ${name} is not built in this version of crowdsec (Palisade reads: ${Object.keys(modules).join(', ')})`
    : `unknown data source ${name}`;
}

/** Makes the source that a specification describes. It is not open yet. */
export function createSource(spec: SourceSpec, context: SourceContext): Source {
  switch (spec.module) {
    case 'file': return fileSource(spec, spec.file, context);
    case 'journalctl': return journalctlSource(spec, spec.journalctl, context);
    case 'syslog': return syslogSource(spec, spec.syslog, context);
    default: throw new PalisadeError('E_SOURCE', noSuchModule((spec as { module: string }).module));
  }
}
