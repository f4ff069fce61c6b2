// Makes the alerts of a bucket that ran over, one for each source, with CrowdSec's fields and wording.

import { createHash } from 'node:crypto';
import type { RanOver } from '../buckets/bucket.js';
import type { AlertBuilder } from '../buckets/overflow.js';
import type { ScenarioSpec } from '../buckets/scenario.js';
import { EventType, type Event, type Overflow } from '../event/event.js';
import { link } from '../expr/compiled.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { ExprError } from '../expr/values.js';
import { limits } from '../limits.js';
import type { AlertEvent, AlertSource } from '../model/alert.js';
import { type AlertHead, withEvents } from '../model/alert-events.js';
import { formatGoDuration } from '../util/go-duration.js';
import { compareCodePoints } from '../util/go-json-text.js';
import type { AlertContext } from './context.js';
import type { Provenance } from './provenance.js';
import { NoSource, type Scope, sourcesOf } from './sources.js';

/** What alerts are made with on one worker. */
export interface AlertFormatterOptions {
  readonly runtime: ExprRuntime;
  readonly context: AlertContext;
  /** Whether a scenario is simulated, by name. */
  readonly isSimulated: (scenario: string) => boolean;
  /** Goes into the uuid of each alert: the same lines are the same alerts ('', the default), or others (a replay). */
  readonly uuidSalt?: string;
  /** Adds to each event where it came from. */
  readonly provenance?: Provenance;
  /** Hears why an alert could not be built. */
  readonly onFailure?: (scenario: string, reason: string) => void;
}

/** The alert builder of a worker: CrowdSec's alerts, one for each source. */
export class AlertFormatter implements AlertBuilder {
  readonly #options: AlertFormatterOptions;
  readonly #scopes = new Map<ScenarioSpec, Scope>();
  /** Events that have their text. */
  readonly #written: Event[] = [];

  constructor(options: AlertFormatterOptions) {
    this.#options = options;
  }

  /** The overflow of a bucket. `alert` is null when its events have no source; CrowdSec then reports nothing. */
  build(ranOver: RanOver): Overflow {
    const { spec, mapkey, bucketId } = ranOver;
    const overflow: Overflow = { mapkey, bucketId, whitelisted: false, reprocess: spec.reprocess,
      sources: Object.create(null) as Overflow['sources'], alert: null, apiAlerts: [] };
    const sources = this.#sources(ranOver);
    if (sources instanceof NoSource) {
      this.#options.onFailure?.(spec.name, sources.reason);
      return overflow;
    }
    const shared = this.#alert(ranOver, sources);
    const events = `[${ranOver.queue.map((event) => this.#eventText(event)).join(',')}]`;
    for (const [value, source] of sources) {
      overflow.sources[value] = source;
      overflow.apiAlerts.push(withEvents({ ...shared, uuid: uuidOf(ranOver, value, this.#options.uuidSalt ?? ''), source }, events));
    }
    overflow.alert = overflow.apiAlerts[0] ?? null;
    return overflow;
  }

  #sources({ spec, queue }: RanOver): Map<string, AlertSource> | NoSource {
    let scope = this.#scopes.get(spec);
    if (scope === undefined) this.#scopes.set(spec, scope = this.#linkScope(spec));
    try {
      return sourcesOf(queue, scope);
    } catch (error) {
      if (error instanceof ExprError) return new NoSource(`the scope expression failed: ${error.message}`);
      throw error;
    }
  }

  /** JSON of an event, mostly written once: the buckets that keep an event run over one after the other. */
  #eventText(event: Event): string {
    if (event.alertText !== null) return event.alertText;
    if (this.#written.length >= limits.alertTextsMax) {
      for (const before of this.#written) before.alertText = null;
      this.#written.length = 0;
    }
    this.#written.push(event);
    return (event.alertText = JSON.stringify(eventOf(event, this.#options.provenance)));
  }

  #linkScope({ scope: { type, expression } }: ScenarioSpec): Scope {
    return { type, expression: expression && (link(expression, this.#options.runtime) as (event: Event) => unknown) };
  }

  #alert(ranOver: RanOver, sources: ReadonlyMap<string, AlertSource>): Omit<AlertHead, 'source'> {
    const { spec, firstTime, overflowTime, count, queue } = ranOver;
    return {
      scenario: spec.name, scenario_hash: spec.hash, scenario_version: spec.version, message: messageOf(ranOver, sources),
      events_count: count, start_at: firstTime.toRfc3339Nano(), stop_at: overflowTime.toRfc3339Nano(),
      capacity: spec.capacity, leakspeed: formatGoDuration(spec.leakspeedNs),
      simulated: this.#options.isSimulated(spec.name), remediation: spec.remediation, kind: 'crowdsec',
      meta: this.#options.context.of(queue), labels: null,
    };
  }
}

/** `Ip 1.2.3.4 performed 'crowdsecurity/ssh-bf' (6 events over 8s) at 2026-12-10 07:27:58 +0000 UTC` */
function messageOf(ranOver: RanOver, sources: ReadonlyMap<string, AlertSource>): string {
  const { spec, count, overflowTime, firstTime, lastTime } = ranOver;
  const [first] = sources.values();
  const who = sources.size > 1 ? `${sources.size} sources` : (first?.value ?? 'UNKNOWN');
  const span = formatGoDuration(overflowTime.since(firstTime));
  return `${first?.scope ?? ''} ${who} performed '${spec.name}' (${count} events over ${span}) at ${lastTime}`;
}

/** An event's meta by name; its time as the log's own date became, else as it was read. */
function eventOf(event: Event, provenance: Provenance | undefined): AlertEvent {
  const own = event.type === EventType.overflow && event.meta.size === 0 ? []
    : event.meta.keys().sort(compareCodePoints).map((key) => ({ key, value: event.meta.get(key) }));
  const meta = provenance === undefined ? own : [...own, ...provenance.of(event)];
  return { timestamp: event.marshaledTime !== '' ? event.marshaledTime : event.time.toRfc3339Nano(), meta };
}

/** The same for the same overflow of the same log, so an alert sent twice can be told. */
function uuidOf({ mapkey, firstTime, overflowTime, count }: RanOver, source: string, salt: string): string {
  const identity = [salt, mapkey, firstTime.toRfc3339Nano(), overflowTime.toRfc3339Nano(), count, source].join('\0');
  const hex = createHash('sha1').update(identity).digest('hex');
  const variant = ((parseInt(hex[16], 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
