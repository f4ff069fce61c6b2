// The three files of `-dump-data`: parser-dump.yaml, bucketpour-dump.yaml, bucket-dump.yaml, with the names, the order
// and the omissions of CrowdSec's, so that tools made for its dumps read ours.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Overflow } from '../event/event.js';
import type { Alert, AlertSource } from '../model/alert.js';
import { GoInt } from '../util/go-value.js';
import type { DumpedEvent, DumpRecord } from './dump-record.js';
import { YamlTime, yamlText } from './dump-yaml.js';

/** Names of the files. */
export const dumpFiles = { parsers: 'parser-dump.yaml', pours: 'bucketpour-dump.yaml', overflows: 'bucket-dump.yaml' } as const;

/** A stage of this name stands in every dump, with one nameless node that saw nothing. */
export const successStage = 'success';

type Plain = Record<string, unknown>;

const zeroTime = '0001-01-01T00:00:00Z';

/** Writes the dump of a run into a folder, which is made where it is missing. */
export function writeDumps(record: DumpRecord, dir: string): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, dumpFiles.parsers), parserDump(record));
  writeFileSync(join(dir, dumpFiles.pours), yamlText(sortedMap(
    [...record.pours].map(([key, events]) => [key, events.map(eventEntry)] as const))));
  writeFileSync(join(dir, dumpFiles.overflows), yamlText(record.overflows.map(eventEntry)));
}

/** Stage, node, and what came of each event. */
function parserDump({ steps }: DumpRecord): string {
  const stages = new Map<string, Map<string, Plain[]>>([[successStage, new Map([['', []]])]]);
  for (const { stage, node, ok, event } of steps) {
    const nodes = stages.get(stage) ?? new Map<string, Plain[]>();
    stages.set(stage, nodes);
    const results = nodes.get(node) ?? [];
    nodes.set(node, results);
    results.push({ idx: results.length, evt: eventEntry(event), success: ok });
  }
  return yamlText(sortedMap([...stages].map(([stage, nodes]) => [stage, sortedMap([...nodes])] as const)));
}

/** An event under CrowdSec's keys; what is empty is left out. */
export function eventEntry(event: Omit<DumpedEvent, 'line'>): Plain {
  const { Line, Overflow, ...rest } = event;
  return present({
    Type: rest.Type, ExpectMode: rest.ExpectMode, Whitelisted: rest.Whitelisted, WhitelistReason: rest.WhitelistReason,
    Stage: rest.Stage, Line: lineEntry(Line), Parsed: sortedObject(rest.Parsed), Enriched: sortedObject(rest.Enriched),
    Unmarshaled: sortedObject(rest.Unmarshaled), Overflow: Overflow === null ? {} : overflowEntry(Overflow),
    Time: rest.Time === zeroTime ? '' : new YamlTime(rest.Time), StrTime: rest.StrTime, StrTimeFormat: rest.StrTimeFormat,
    MarshaledTime: rest.MarshaledTime, Process: rest.Process, Meta: sortedObject(rest.Meta),
  });
}

function lineEntry({ Raw, Src, Time, Labels, Process, Module }: DumpedEvent['Line']): Plain {
  return { ...present({ Raw, Src }), time: new YamlTime(Time), ...present({ Labels: sortedObject(Labels) }),
    process: Process, ...present({ Module }) };
}

function overflowEntry({ mapkey, bucketId, whitelisted, reprocess, sources, alert, apiAlerts }: Overflow): Plain {
  return present({
    MapKey: mapkey, BucketId: bucketId, Whitelisted: whitelisted, Reprocess: reprocess,
    Sources: sortedMap(Object.entries(sources).map(([value, source]) => [value, sourceEntry(source)] as const)),
    Alert: alert === null ? '' : alertEntry(alert), APIAlerts: apiAlerts.map(alertEntry),
  });
}

/** CrowdSec writes these structs under the lower-case names of their fields, the empty ones too. */
function alertEntry(alert: Alert): Plain {
  return {
    capacity: new GoInt(alert.capacity), createdat: '', decisions: [],
    events: (alert.events ?? []).map(({ meta, timestamp }) => ({ meta: meta.map(({ key, value }) => ({ key, value })), timestamp })),
    eventscount: new GoInt(alert.events_count), id: new GoInt(0), kind: alert.kind ?? '', labels: [],
    leakspeed: alert.leakspeed, machineid: '', message: alert.message,
    meta: (alert.meta ?? []).map(({ key, value }) => ({ key, value })), remediation: alert.remediation === true,
    scenario: alert.scenario, scenariohash: alert.scenario_hash, scenarioversion: alert.scenario_version,
    simulated: alert.simulated, source: sourceEntry(alert.source), startat: alert.start_at, stopat: alert.stop_at,
    uuid: alert.uuid ?? '',
  };
}

function sourceEntry(source: AlertSource): Plain {
  return {
    asname: source.as_name ?? '', asnumber: source.as_number ?? '', cn: source.cn ?? '', ip: source.ip ?? '',
    latitude: source.latitude ?? 0, longitude: source.longitude ?? 0, range: source.range ?? '',
    scope: source.scope, value: source.value,
  };
}

/** The entries that hold something. */
function present(entries: Plain): Plain {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  if (value instanceof YamlTime) return false;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false || value === null || value === undefined;
}

function sortedObject(map: Readonly<Record<string, unknown>>): Map<string, unknown> {
  return sortedMap(Object.entries(map));
}

function sortedMap<T>(entries: readonly (readonly [string, T])[]): Map<string, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
