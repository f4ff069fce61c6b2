// The environments of expressions: which names each slot of a rule, profile or test offers, and in which order the
// compiled function takes them.

import type { Event, Overflow } from '../event/event.js';
import type { GoTime } from '../util/go-time.js';
import { alertType, eventType, leakyType, overflowType, parserResultType, queueType, requestType } from './event-types.js';
import { anyType, mapOf, pointerTo, sliceOf, type Type } from './types.js';

/** Names with their types; `params` in the order of the compiled function's arguments. */
export interface ExprEnv {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly type: Type }[];
}

/** What `queue` is at run time. Events may be any objects shaped like Event. */
export interface QueueArgument {
  readonly queue: readonly Event[];
  readonly l: number;
}

/** What `leaky` is at run time. */
export interface LeakyArgument {
  readonly mode: number;
  readonly queue: QueueArgument;
  readonly mapkey: string;
  readonly uuid: string;
  readonly firstTime: GoTime;
  readonly lastTime: GoTime;
  readonly overflowTime: GoTime;
  readonly totalCount: number;
  readonly durationNs: number;
}

/** What `signal` is at run time. */
export type SignalArgument = Overflow;

const evt = { name: 'evt', type: pointerTo(eventType) };
const queue = { name: 'queue', type: pointerTo(queueType) };
const leaky = { name: 'leaky', type: pointerTo(leakyType) };

/** Parsers, scenario filters, groupby, distinct, cancel_on, scope: `evt`. */
export const logEnv: ExprEnv = { name: 'log', params: [evt] };
/** `transform` of an acquisition: `evt`. */
export const transformEnv: ExprEnv = { name: 'transform', params: [evt] };
/** condition and bayesian conditions: `evt, queue, leaky`. */
export const conditionEnv: ExprEnv = { name: 'condition', params: [evt, queue, leaky] };
/** overflow_filter: `evt, queue, signal, leaky`. evt type-checks but is null at run time. */
export const overflowEnv: ExprEnv = {
  name: 'overflow', params: [evt, queue, { name: 'signal', type: pointerTo(overflowType) }, leaky],
};
/** Profiles: `Alert`. */
export const profileEnv: ExprEnv = { name: 'profile', params: [{ name: 'Alert', type: pointerTo(alertType) }] };
/** Alert contexts: `evt, match, req`; for alerts of logs match is an empty map and req an empty object. */
export const contextEnv: ExprEnv = {
  name: 'context',
  params: [evt, { name: 'match', type: pointerTo(mapOf(anyType, 'pipeline.MatchedRule')) },
    { name: 'req', type: pointerTo(requestType) }],
};
/** parser.assert of hubtest: `results` by stage and node. */
export const parserResultsEnv: ExprEnv = {
  name: 'parser results', params: [{ name: 'results', type: mapOf(mapOf(sliceOf(parserResultType)), 'dumps.ParserResults') }],
};
/** scenario.assert of hubtest: `results` is the list of overflow events. */
export const scenarioResultsEnv: ExprEnv = {
  name: 'scenario results', params: [{ name: 'results', type: sliceOf(eventType) }],
};
