// Statics made runnable: take a value (a literal, a field, an expression), turn it into text, put it where it goes.
// A field that is only copied stays bytes. Used by the batch runner and the scalar walker alike.

import type { Event, EventNames } from '../event/event.js';
import { ExprError } from '../expr/values.js';
import { evaluator, type ParserRuntime } from './node.js';
import type { FieldRef, StaticSource, StaticSpec, StaticTarget } from './spec.js';
import { noText, staticText } from './static-text.js';
import { textFields } from './target.js';

/** One static of a linked node. */
export interface Static {
  /** It must run through `applyLater`: its expression or method answers with a promise. */
  readonly isAsync: boolean;
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
  if (source.kind === 'copy' && target.kind === 'map') return linkCopy(source.from, target, runtime.names);
  const sink = linkSink(target, runtime);
  return source.kind === 'value' ? literal(source.text, sink) : computed(source, sink, runtime);
}

/** A field copied into a map: what lies in it as bytes is not decoded. */
function linkCopy(from: FieldRef, target: StaticTarget & { kind: 'map' }, names: EventNames): Static {
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
  });
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
      const { map } = target;
      const slot = runtime.names[map].declare(target.key);
      return plainSink((event, text) => event[map].setAt(slot, text));
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

function synchronous(apply: (event: Event) => boolean): Static {
  return { isAsync: false, apply, applyLater: (event) => Promise.resolve(apply(event)) };
}

function asynchronous(applyLater: (event: Event) => Promise<boolean>): Static {
  const apply = (): boolean => {
    throw new TypeError('this static waits for an answer: use applyLater');
  };
  return { isAsync: true, apply, applyLater };
}
