// Statics made runnable: take a value (a literal, a field, an expression), turn it into text, put it where it goes.
// A field that is only copied stays bytes. Used by the batch runner and the scalar walker alike.

import { type Event, type EventNames, textReader, textWriter } from '../event/event.js';
import { ExprError } from '../expr/values.js';
import { evaluator, type ParserRuntime } from './node.js';
import type { FieldRef, MapField, StaticSource, StaticSpec, StaticTarget } from './spec.js';
import { noText, staticText } from './static-text.js';
import { textFields } from './target.js';

/** One static of a linked node. */
export interface Static {
  /** It must run through `applyLater`: its expression or method answers with a promise. */
  readonly isAsync: boolean;
  /** A JavaScript statement on `event` that does the same, where that is a mere copy or literal; else null. */
  readonly inline: string | null;
  /** Runs it. False: the value has a type that ends the event (a bool, a list of strings, …). */
  apply(event: Event): boolean;
  applyLater(event: Event): Promise<boolean>;
}

/** Where a text goes. */
interface Sink {
  readonly isAsync: boolean;
  /** Takes '' as well; all others leave their target as it was then. */
  readonly takesEmpty: boolean;
  put(event: Event, text: string): void | Promise<void>;
}

/** A byte range of a line holds offsets up to this. */
const rangeEndMax = 0xffff;

/** Makes one static runnable. */
export function linkStatic(spec: StaticSpec, runtime: ParserRuntime): Static {
  const { source, target } = spec;
  if (source.kind === 'copy' && target.kind === 'map') return copyToMap(source.from, target, runtime.names);
  if (source.kind === 'join' && target.kind === 'map') return joinToMap(source.from, target, runtime.names);
  const sink = linkSink(target, runtime);
  if (source.kind === 'copy' && !sink.isAsync) return copyToSink(source.from, sink, runtime.names);
  if (source.kind !== 'value') return computed(source, sink, runtime);
  if (target.kind === 'map' && source.text !== '') return literalToMap(source.text, target, runtime.names);
  return literal(source.text, sink);
}

/** A field copied into a map: what lies in it as bytes is not decoded. */
function copyToMap(from: FieldRef, target: StaticTarget & { kind: 'map' }, names: EventNames): Static {
  const to = target.map;
  const toSlot = names[to].declare(target.key);
  if (from.map === 'line') {
    return synchronous((event) => {
      const { text } = event.line;
      const length = text.end - text.start;
      if (length > rangeEndMax) event[to].setAt(toSlot, text.raw);
      else if (length > 0) event[to].setRangeAt(toSlot, 0, length);
      return true;
    });
  }
  const source = from.map;
  const fromSlot = names[source].declare(from.key);
  return synchronous((event) => {
    event[to].copyAt(toSlot, event[source], fromSlot);
    return true;
  }, `event.${to}.copyAt(${toSlot}, event.${source}, ${fromSlot});`);
}

/** Two fields, one behind the other, into a map. */
function joinToMap([first, second]: readonly [MapField, MapField], target: StaticTarget & { kind: 'map' }, names: EventNames): Static {
  const to = target.map;
  const [toSlot, firstSlot, secondSlot] = [target, first, second].map(({ map, key }) => names[map].declare(key));
  return synchronous((event) => {
    event[to].joinAt(toSlot, event[first.map], firstSlot, event[second.map], secondSlot);
    return true;
  }, `event.${to}.joinAt(${toSlot}, event.${first.map}, ${firstSlot}, event.${second.map}, ${secondSlot});`);
}

function copyToSink(from: FieldRef, sink: Sink, names: EventNames): Static {
  if (from.map !== 'line') names[from.map].declare(from.key);
  const read = from.map === 'line' ? (event: Event) => event.line.raw : textReader(from.map, from.key, names);
  return synchronous((event) => {
    const text = read(event);
    if (text !== '' || sink.takesEmpty) void sink.put(event, text);
    return true;
  });
}

function literalToMap(text: string, target: StaticTarget & { kind: 'map' }, names: EventNames): Static {
  const { map } = target;
  const slot = names[map].declare(target.key);
  return synchronous((event) => {
    event[map].setAt(slot, text);
    return true;
  }, `event.${map}.setAt(${slot}, ${JSON.stringify(text)});`);
}

function literal(text: string, sink: Sink): Static {
  if (text === '' && !sink.takesEmpty) return synchronous(() => true);
  if (!sink.isAsync) {
    return synchronous((event) => {
      void sink.put(event, text);
      return true;
    });
  }
  return asynchronous(async (event) => {
    await sink.put(event, text);
    return true;
  });
}

/** A failing expression skips the static; one whose value has no text ends the event. */
function computed(source: Exclude<StaticSource, { kind: 'value' }>, sink: Sink, runtime: ParserRuntime): Static {
  const evaluate = evaluator(source.expression, runtime);
  const { resultType, isAsync } = source.expression;
  if (isAsync || sink.isAsync) {
    return asynchronous(async (event) => {
      try {
        const text = staticText(await evaluate(event), resultType);
        if (text === noText) return false;
        if (text !== '' || sink.takesEmpty) await sink.put(event, text);
      } catch (error) {
        if (!(error instanceof ExprError)) throw error;
      }
      return true;
    });
  }
  return synchronous((event) => {
    let value: unknown;
    try {
      value = evaluate(event);
    } catch (error) {
      if (error instanceof ExprError) return true;
      throw error;
    }
    const text = staticText(value, resultType);
    if (text === noText) return false;
    if (text !== '' || sink.takesEmpty) void sink.put(event, text);
    return true;
  });
}

function linkSink(target: StaticTarget, runtime: ParserRuntime): Sink {
  switch (target.kind) {
    case 'map': {
      runtime.names[target.map].declare(target.key);
      return plainSink(textWriter(target.map, target.key, runtime.names));
    }
    case 'unmarshaled': return plainSink((event, text) => { event.unmarshaled[target.key] = text; });
    case 'label': return plainSink((event, text) => event.line.setLabel(target.key, text));
    case 'field': return plainSink(textFields[target.path]);
    case 'nowhere': return plainSink(() => {});
    case 'method': return methodSink(target.name, runtime);
  }
}

/** CrowdSec calls ParseDate for an empty text too: the answer is then the present time. */
function methodSink(name: string, runtime: ParserRuntime): Sink {
  const method = runtime.enrichers.get(name);
  if (method === undefined) return plainSink(() => {});
  return { isAsync: method.isAsync, takesEmpty: name === 'ParseDate',
    put: (event, text) => method.enrich(text, event) };
}

function plainSink(put: (event: Event, text: string) => void): Sink {
  return { isAsync: false, takesEmpty: false, put };
}

function synchronous(apply: (event: Event) => boolean, inline: string | null = null): Static {
  return { isAsync: false, inline, apply, applyLater: (event) => Promise.resolve(apply(event)) };
}

function asynchronous(applyLater: (event: Event) => Promise<boolean>): Static {
  const apply = (): boolean => {
    throw new TypeError('this static waits for an answer: use applyLater');
  };
  return { isAsync: true, inline: null, apply, applyLater };
}

/** Runs a list of statics over the events of a list. Marks in `ended` those that one of them ends. */
export type RunStatics = (events: readonly Event[], list: Int32Array, count: number, ended: Uint8Array) => void;

/**
 * Makes one function of a list of statics, copies and literals written out in it: calls through a list cost more than
 * what most statics do. In simple words: for each event, for each static, stop at the first that ends the event.
 */
export function fuseStatics(statics: readonly Static[]): RunStatics {
  const steps = statics.map((item, index) => item.inline
    ?? `if (!static${index}.apply(event)) { ended[list[index]] = 1; continue; }`);
  const names = statics.map((_, index) => `static${index}`);
  return new Function(...names, `return (events, list, count, ended) => {
    for (let index = 0; index < count; index++) {
      const event = events[list[index]];
      ${steps.join('\n      ')}
    }
  };`)(...statics) as RunStatics;
}
