// db_config.flush read and checked: what the retention jobs keep, and for how long.

import { PalisadeError } from '../../ts/errors.js';
import { DurationError, nanosecondsPer, parseDurationWithDays } from '../../ts/util/go-duration.js';

/** db_config.flush as it stands in the file. */
export interface FlushConfig {
  readonly max_items?: number;
  readonly max_age?: string;
  readonly metrics_max_age?: string;
  readonly bouncers_autodelete?: AutodeleteConfig;
  readonly agents_autodelete?: AutodeleteConfig;
}

interface AutodeleteConfig {
  readonly cert?: string;
  readonly api_key?: string;
  readonly login_password?: string;
}

/** What to keep. Absent bounds keep everything. */
export interface RetentionPlan {
  readonly alertCountMax: number | undefined;
  readonly alertAgeMaxNs: number | undefined;
  readonly metricsAgeMaxNs: number;
  /** Silence after which a client of an authentication type is removed. */
  readonly machines: readonly { readonly authType: string; readonly silenceMaxNs: number }[];
  readonly bouncers: readonly { readonly authType: string; readonly silenceMaxNs: number }[];
  readonly warnings: readonly string[];
}

const defaultMetricsAgeNs = 7 * nanosecondsPer.day;

/** Returns the plan of a configuration. Throws E_CONFIG for durations that cannot be read and max_items below 1. */
export function retentionPlan(config: FlushConfig | null): RetentionPlan {
  const warnings: string[] = [];
  if (config?.max_items !== undefined && config.max_items <= 0) {
    throw new PalisadeError('E_CONFIG', 'max_items can\'t be zero or negative number');
  }
  const machines = config?.agents_autodelete ?? {};
  const bouncers = config?.bouncers_autodelete ?? {};
  if (machines.api_key) warnings.push('agents auto-delete for API auth is not supported (use cert or login_password)');
  if (bouncers.login_password) {
    warnings.push('bouncers auto-delete for login/password auth is not supported (use cert or api)');
  }
  return {
    alertCountMax: config?.max_items,
    alertAgeMaxNs: config?.max_age ? readDuration('max_age', config.max_age) : undefined,
    metricsAgeMaxNs: config?.metrics_max_age ? readDuration('metrics_max_age', config.metrics_max_age)
      : defaultMetricsAgeNs,
    machines: [...silence('agents_autodelete.cert', 'tls', machines.cert),
      ...silence('agents_autodelete.login_password', 'password', machines.login_password)],
    bouncers: [...silence('bouncers_autodelete.cert', 'tls', bouncers.cert),
      ...silence('bouncers_autodelete.api_key', 'api-key', bouncers.api_key)],
    warnings,
  };
}

function silence(key: string, authType: string, text: string | undefined) {
  return text ? [{ authType, silenceMaxNs: readDuration(key, text) }] : [];
}

function readDuration(key: string, text: string): number {
  try {
    return parseDurationWithDays(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new PalisadeError('E_CONFIG', `db_config.flush.${key}: ${error.message}`);
  }
}
