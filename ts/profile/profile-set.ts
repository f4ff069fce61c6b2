// Profiles decide what becomes of an alert: the first one that matches supplies the decisions. Runs in the Local API
// for every alert that came without decisions; nothing here reads a clock or a database but through the expressions.

import { link, type CompiledExpr } from '../expr/compiled.js';
import type { Alert, Decision } from '../model/alert.js';
import { formatGoDuration, nanosecondsPer, parseDurationWithDays, roundDuration } from '../util/go-duration.js';
import { GoDuration, GoInt } from '../util/go-value.js';
import type { DecisionSpec, ProfileSpec } from './profile-spec.js';

/** What the profiles made of an alert. */
export interface ProfileOutcome {
  readonly decisions: readonly Decision[];
  /** Names of the profiles that matched, in order. */
  readonly matched: readonly string[];
  /** Set when a profile without on_error failed: the alert is refused with this text. */
  readonly failure: string | null;
  /** One sentence for each error that was tolerated, for the log. */
  readonly remarks: readonly string[];
}

interface LinkedProfile {
  readonly spec: ProfileSpec;
  readonly filters: readonly ((alert: Alert) => unknown)[];
  readonly duration: ((alert: Alert) => unknown) | null;
}

/** Result of one profile on one alert. */
interface Evaluation {
  readonly matched: boolean;
  readonly decisions: readonly Decision[];
  readonly error: string | null;
}

/** Nanoseconds of a ban on a target that a profile wants to last `baseNs`. */
export type Lengthen = (target: { readonly scope: string; readonly value: string }, baseNs: number) => Promise<number>;

/** The profiles of a Local API, ready to run. */
export class ProfileSet {
  readonly #profiles: readonly LinkedProfile[];
  readonly #lengthen: Lengthen | null;

  /** `lengthen` changes the fixed durations; what duration_expr gives stays. */
  constructor(profiles: readonly ProfileSpec[], runtime: Parameters<typeof link>[1], lengthen: Lengthen | null = null) {
    this.#lengthen = lengthen;
    const linked = (compiled: CompiledExpr) => link(compiled, runtime) as (alert: Alert) => unknown;
    this.#profiles = profiles.map((spec) => ({ spec, filters: spec.filters.map(linked),
      duration: spec.durationExpr === null ? null : linked(spec.durationExpr) }));
  }

  /** Names of the profiles in the order they are tried. */
  get names(): readonly string[] {
    return this.#profiles.map((profile) => profile.spec.name);
  }

  /** Tries the profiles on an alert without decisions. */
  async evaluate(alert: Alert): Promise<ProfileOutcome> {
    const remarks: string[] = [];
    const names: string[] = [];
    let decisions: readonly Decision[] = [];
    for (const profile of this.#profiles) {
      const { spec } = profile;
      const { matched, decisions: own, error } = await this.#evaluateOne(profile, alert, remarks);
      if (error !== null) {
        if (spec.onError === '') return { decisions: [], matched: names, failure: error, remarks };
        remarks.push(`profile ${spec.name} (on_error: ${spec.onError}): ${error}`);
      }
      // A failed profile brings no decisions; `apply` only counts it as matched.
      if (!matched && !(error !== null && spec.onError === 'apply')) continue;
      names.push(spec.name);
      if (decisions.length === 0) decisions = own;
      if (spec.stopsOnSuccess || (error !== null && spec.onError === 'break')) break;
    }
    return { decisions, matched: names, failure: null, remarks };
  }

  /** Every filter is run, and each true one contributes a full set of decisions. */
  async #evaluateOne(profile: LinkedProfile, alert: Alert, remarks: string[]): Promise<Evaluation> {
    const decisions: Decision[] = [];
    let matched = false;
    for (const [index, filter] of profile.filters.entries()) {
      const { text } = profile.spec.filters[index];
      let result: unknown;
      try {
        result = await filter(alert);
      } catch (error) {
        return { matched, decisions: [], error: `while running expression ${text}: ${(error as Error).message}` };
      }
      if (typeof result !== 'boolean') {
        return { matched, decisions: [], error: `unexpected type ${typeof result} (${String(result)}) while running '${
          text}'` };
      }
      if (!result) continue;
      matched = true;
      for (const spec of profile.spec.decisions) decisions.push(await this.#decide(profile, spec, alert, remarks));
    }
    return { matched, decisions, error: null };
  }

  async #decide(profile: LinkedProfile, spec: DecisionSpec, alert: Alert, remarks: string[]): Promise<Decision> {
    const scope = spec.scope === '' ? alert.source.scope : spec.scope;
    const { value } = alert.source;
    const simulated = spec.simulated || alert.simulated;
    const isFixed = simulated || profile.duration !== null;
    const duration = await durationOf(profile, alert, remarks)
      ?? (isFixed ? spec.duration : await this.#lengthened(spec, { scope, value }));
    return {
      origin: spec.origin === '' ? 'crowdsec' : `crowdsec/${spec.origin}`,
      type: spec.type,
      scope,
      value,
      duration,
      scenario: alert.scenario,
      simulated,
    };
  }

  async #lengthened({ duration }: DecisionSpec, target: { scope: string; value: string }): Promise<string> {
    if (this.#lengthen === null) return duration;
    const baseNs = parseDurationWithDays(duration);
    const ns = roundDuration(await this.#lengthen(target, baseNs), nanosecondsPer.second);
    return ns === baseNs ? duration : formatGoDuration(ns);
  }
}

/** What duration_expr gives, or null when there is none or its result is no duration. */
async function durationOf({ spec, duration }: LinkedProfile, alert: Alert, remarks: string[]): Promise<string | null> {
  if (duration === null) return null;
  try {
    const text = printed(await duration(alert));
    parseDurationWithDays(text);
    return text;
  } catch (error) {
    remarks.push(`duration_expr of profile ${spec.name}: ${(error as Error).message}, its fixed duration was taken`);
    return null;
  }
}

/** The value as Go's fmt.Sprint prints it, as far as it can be a duration. */
function printed(value: unknown): string {
  if (value instanceof GoDuration) return formatGoDuration(value.nanoseconds);
  return value instanceof GoInt ? String(value.value) : String(value);
}
