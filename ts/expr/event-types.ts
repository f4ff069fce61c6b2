// The types of everything a rule can reach from `evt`, `queue`, `signal`, `leaky` or `Alert`: CrowdSec's Go names on the
// left, the properties of our own objects on the right.

import * as methods from './event-methods.js';
import {
  anyType, boolType, durationType, float32Type, int32Type, int64Type, intType, mapOf, pointerTo, sliceOf, stringType,
  timeType, type MapType, type StructField, type StructMethod, type StructType, type Type,
} from './types.js';
import { appsecType } from './appsec-types.js';

const metaItemType: StructType = struct('models.MetaItems0', {
  Key: field(stringType, 'key', ''),
  Value: field(stringType, 'value', ''),
});

const alertMetaType: Type = sliceOf(pointerTo(metaItemType));

/** Who did it. */
export const sourceType: StructType = struct('models.Source', {
  AsName: field(stringType, 'as_name', ''),
  AsNumber: field(stringType, 'as_number', ''),
  Cn: field(stringType, 'cn', ''),
  IP: field(stringType, 'ip', ''),
  Latitude: field(float32Type, 'latitude', 0),
  Longitude: field(float32Type, 'longitude', 0),
  Range: field(stringType, 'range', ''),
  Scope: field(pointerTo(stringType), 'scope', null),
  Value: field(pointerTo(stringType), 'value', null),
}, {
  GetScope: method([], stringType, methods.sourceGetScope),
  GetValue: method([], stringType, methods.sourceGetValue),
  GetAsNumberName: method([], stringType, methods.sourceGetAsNumberName),
  String: { ...method([], stringType, methods.sourceString), onPointer: true },
});

/** One event of an alert. */
export const alertEventType: StructType = struct('models.Event', {
  Meta: field(alertMetaType, 'meta', null),
  Timestamp: field(pointerTo(stringType), 'timestamp', null),
}, {
  GetMeta: { ...method([stringType], stringType, methods.alertEventGetMeta), onPointer: true },
});

const decisionType: StructType = struct('models.Decision', {
  Duration: field(pointerTo(stringType), 'duration', null),
  ID: field(int64Type, 'id', 0),
  Origin: field(pointerTo(stringType), 'origin', null),
  Scenario: field(pointerTo(stringType), 'scenario', null),
  Scope: field(pointerTo(stringType), 'scope', null),
  Simulated: field(pointerTo(boolType), 'simulated', null),
  Type: field(pointerTo(stringType), 'type', null),
  Until: field(stringType, 'until', ''),
  UUID: field(stringType, 'uuid', ''),
  Value: field(pointerTo(stringType), 'value', null),
});

/** An alert as profiles and postoverflows see it. */
export const alertType: StructType = struct('models.Alert', {
  Capacity: field(pointerTo(int32Type), 'capacity', null),
  CreatedAt: field(stringType, 'created_at', ''),
  Decisions: field(sliceOf(pointerTo(decisionType)), 'decisions', null),
  Events: field(sliceOf(pointerTo(alertEventType)), 'events', null),
  EventsCount: field(pointerTo(int32Type), 'events_count', null),
  ID: field(int64Type, 'id', 0),
  Kind: field(stringType, 'kind', ''),
  Labels: field(sliceOf(stringType), 'labels', null),
  Leakspeed: field(pointerTo(stringType), 'leakspeed', null),
  MachineID: field(stringType, 'machine_id', ''),
  Message: field(pointerTo(stringType), 'message', null),
  Meta: field(alertMetaType, 'meta', null),
  Remediation: field(boolType, 'remediation', false),
  Scenario: field(pointerTo(stringType), 'scenario', null),
  ScenarioHash: field(pointerTo(stringType), 'scenario_hash', null),
  ScenarioVersion: field(pointerTo(stringType), 'scenario_version', null),
  Simulated: field(pointerTo(boolType), 'simulated', null),
  Source: field(pointerTo(sourceType), 'source', null),
  StartAt: field(pointerTo(stringType), 'start_at', null),
  StopAt: field(pointerTo(stringType), 'stop_at', null),
  UUID: field(stringType, 'uuid', ''),
}, {
  GetScope: { ...method([], stringType, methods.alertGetScope), onPointer: true },
  GetValue: { ...method([], stringType, methods.alertGetValue), onPointer: true },
  GetScenario: { ...method([], stringType, methods.alertGetScenario), onPointer: true },
  GetEventsCount: { ...method([], int32Type, methods.alertGetEventsCount), onPointer: true },
  GetMeta: { ...method([stringType], stringType, methods.alertGetMeta), onPointer: true },
});

/** `evt.Overflow`, and `signal` in an overflow_filter. */
export const overflowType: StructType = struct('pipeline.RuntimeAlert', {
  Mapkey: field(stringType, 'mapkey'),
  BucketId: field(stringType, 'bucketId'),
  Whitelisted: field(boolType, 'whitelisted'),
  Reprocess: field(boolType, 'reprocess'),
  Sources: field(mapOf(sourceType), 'sources'),
  Alert: field(pointerTo(alertType), 'alert'),
  APIAlerts: field(sliceOf(alertType), 'apiAlerts'),
}, {
  GetSources: method([], sliceOf(stringType), methods.overflowGetSources),
});

/** `evt.Line`. */
export const lineType: StructType = struct('pipeline.Line', {
  Raw: field(stringType, 'raw'),
  Src: field(stringType, 'src'),
  Time: field(timeType, 'time'),
  Labels: field(mapOf(stringType), 'labels'),
  Process: field(boolType, 'process'),
  Module: field(stringType, 'module'),
});

const addressType: StructType = struct('netip.Addr', {}, {
  String: method([], stringType, (ip: methods.IpAddress) => ip.text),
  Is4: method([], boolType, methods.ipIs4),
  Is6: method([], boolType, methods.ipIs6),
});

/** `evt`. */
export const eventType: StructType = struct('pipeline.Event', {
  Type: field(intType, 'type'),
  ExpectMode: field(intType, 'expectMode'),
  Whitelisted: field(boolType, 'whitelisted'),
  WhitelistReason: field(stringType, 'whitelistReason'),
  Stage: field(stringType, 'stage'),
  Line: field(lineType, 'line'),
  Parsed: field(fieldsOf('parsed'), 'parsed'),
  Enriched: field(fieldsOf('enriched'), 'enriched'),
  Unmarshaled: field(mapOf(anyType), 'unmarshaled'),
  Overflow: { ...field(overflowType, 'overflow'), zeroStruct: 'overflow' },
  Time: field(timeType, 'time'),
  StrTime: field(stringType, 'strTime'),
  StrTimeFormat: field(stringType, 'strTimeFormat'),
  MarshaledTime: field(stringType, 'marshaledTime'),
  Process: field(boolType, 'process'),
  Appsec: { ...field(appsecType, 'appsec'), zeroStruct: 'appsec' },
  Meta: field(fieldsOf('meta'), 'meta'),
}, {
  GetType: { ...method([], stringType, methods.eventGetType), onPointer: true },
  GetMeta: { ...method([stringType], stringType, methods.eventGetMeta), onPointer: true },
  SetMeta: { ...method([stringType, stringType], boolType, methods.eventSetMeta), onPointer: true, hasEffects: true },
  SetParsed: { ...method([stringType, stringType], boolType, methods.eventSetParsed), onPointer: true, hasEffects: true },
  ParseIPSources: { ...method([], sliceOf(addressType), methods.eventParseIpSources), onPointer: true },
});

/** `queue`: what a bucket keeps. */
export const queueType: StructType = struct('pipeline.Queue', {
  Queue: field(sliceOf(eventType), 'queue'),
  L: field(intType, 'l'),
}, {
  GetQueue: { ...method([], sliceOf(eventType), (queue: { queue: unknown[] }) => queue.queue), onPointer: true },
});

/** `leaky`: the bucket itself. */
export const leakyType: StructType = struct('leakybucket.Leaky', {
  Mode: field(intType, 'mode'),
  Queue: field(pointerTo(queueType), 'queue'),
  Mapkey: field(stringType, 'mapkey'),
  Uuid: field(stringType, 'uuid'),
  First_ts: field(timeType, 'firstTime'),
  Last_ts: field(timeType, 'lastTime'),
  Ovflw_ts: field(timeType, 'overflowTime'),
  Total_count: field(intType, 'totalCount'),
  Duration: field(durationType, 'durationNs'),
});

/** One entry of a parser dump, in hubtest assertions. */
export const parserResultType: StructType = struct('dumps.ParserResult', {
  Idx: field(intType, 'idx'),
  Evt: field(eventType, 'evt'),
  Success: field(boolType, 'success'),
});

/** `req` of an alert context: always the empty request here, since no web traffic is inspected. */
export const requestType: StructType = struct('http.Request', {
  Method: field(stringType, 'method', ''),
  Proto: field(stringType, 'proto', ''),
  Host: field(stringType, 'host', ''),
  RemoteAddr: field(stringType, 'remoteAddr', ''),
  RequestURI: field(stringType, 'requestUri', ''),
  ContentLength: field(int64Type, 'contentLength', 0),
  Header: field(mapOf(sliceOf(stringType), 'http.Header'), 'header', null),
}, {
  UserAgent: { ...method([], stringType, () => ''), onPointer: true },
  Referer: { ...method([], stringType, () => ''), onPointer: true },
});

function fieldsOf(store: MapType['store']): MapType {
  return { kind: 'map', element: stringType, keys: 'string', store };
}

function struct(
  name: string, fields: Record<string, StructField>, structMethods: Record<string, StructMethod> = {},
): StructType {
  return { kind: 'struct', name, fields, methods: structMethods };
}

function field(type: Type, property: string, zero?: StructField['zero']): StructField {
  return zero === undefined ? { type, property } : { type, property, zero };
}

function method(params: readonly Type[], returns: Type, call: StructMethod['call']): StructMethod {
  return { params, returns, call };
}
