// The `target` of a static: a dotted walk over the event by the names CrowdSec's Go structs have. Resolved once at load
// into a StaticTarget; `textFields` holds the setters of those that end in a field of the event itself.

import type { Event } from '../event/event.js';
import type { StaticTarget } from './spec.js';

/** Returns what a `target` text means. The walk ends at a map: the next name is the key, what follows is ignored. */
export function resolveTarget(target: string): StaticTarget {
  const path = target.startsWith('evt.') ? target.slice(4) : target;
  const parts = path.split('.');
  const map = maps[parts[0]];
  if (map !== undefined && parts.length > 1) return { kind: 'map', map, key: parts[1] };
  if (parts[0] === 'Unmarshaled' && parts.length > 1) return { kind: 'unmarshaled', key: parts[1] };
  if (parts[0] === 'Line' && parts[1] === 'Labels' && parts.length > 2) return { kind: 'label', key: parts[2] };
  return Object.hasOwn(textFields, path) ? { kind: 'field', path } : { kind: 'nowhere', path };
}

const maps: Readonly<Record<string, 'parsed' | 'meta' | 'enriched' | undefined>> = Object.assign(Object.create(null), {
  Parsed: 'parsed', Meta: 'meta', Enriched: 'enriched',
});

/** Sets one text field; without effect where the event has no such part (an ordinary line has no overflow). */
export type SetText = (event: Event, value: string) => void;

/** Every field outside the maps that a target can set, by path. */
export const textFields: Readonly<Record<string, SetText>> = {
  Stage: (event, value) => { event.stage = value; },
  StrTime: (event, value) => { event.strTime = value; },
  StrTimeFormat: (event, value) => { event.strTimeFormat = value; },
  MarshaledTime: (event, value) => { event.marshaledTime = value; },
  WhitelistReason: (event, value) => { event.whitelistReason = value; },
  'Line.Raw': setRaw,
  'Line.Src': (event, value) => { event.line.src = value; },
  'Line.Module': (event, value) => { event.line.module = value; },
  'Overflow.Mapkey': (event, value) => { if (event.overflow !== null) event.overflow.mapkey = value; },
  'Overflow.BucketId': (event, value) => { if (event.overflow !== null) event.overflow.bucketId = value; },
  ...alertFields({
    CreatedAt: 'created_at', Kind: 'kind', Leakspeed: 'leakspeed', MachineID: 'machine_id', Message: 'message',
    Scenario: 'scenario', ScenarioHash: 'scenario_hash', ScenarioVersion: 'scenario_version', StartAt: 'start_at',
    StopAt: 'stop_at', UUID: 'uuid',
  }),
  ...sourceFields({
    AsName: 'as_name', AsNumber: 'as_number', Cn: 'cn', IP: 'ip', Range: 'range', Scope: 'scope', Value: 'value',
  }),
};

type AlertText = 'created_at' | 'kind' | 'leakspeed' | 'machine_id' | 'message' | 'scenario' | 'scenario_hash'
  | 'scenario_version' | 'start_at' | 'stop_at' | 'uuid';
type SourceText = 'as_name' | 'as_number' | 'cn' | 'ip' | 'range' | 'scope' | 'value';

/** Byte ranges of the old line would read the new one, so every field becomes a text first. */
function setRaw(event: Event, value: string): void {
  for (const fields of [event.parsed, event.meta, event.enriched]) {
    for (const key of fields.keys()) fields.set(key, fields.get(key));
  }
  event.line.raw = value;
}

function alertFields(names: Record<string, AlertText>): Record<string, SetText> {
  return setters('Overflow.Alert', names, (event, key, value) => {
    if (event.overflow?.alert) event.overflow.alert[key] = value;
  });
}

function sourceFields(names: Record<string, SourceText>): Record<string, SetText> {
  return setters('Overflow.Alert.Source', names, (event, key, value) => {
    if (event.overflow?.alert) event.overflow.alert.source[key] = value;
  });
}

function setters<K extends string>(
  prefix: string, names: Record<string, K>, set: (event: Event, key: K, value: string) => void,
): Record<string, SetText> {
  return Object.fromEntries(Object.entries(names).map(([name, key]) =>
    [`${prefix}.${name}`, (event: Event, value: string) => set(event, key, value)]));
}
