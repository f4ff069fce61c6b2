// `transform` of a source: an expression that rewrites its lines before they become events. A text replaces the line, a
// list of texts makes one line each, anything else (and a failure) leaves it as it is.

import type { RawBatch, Source } from '../acquisition/source.js';
import type { Located } from '../config/document.js';
import { Event, newEventNames } from '../event/event.js';
import { lineFlags } from '../event/line.js';
import { compile, link } from '../expr/compiled.js';
import { transformEnv } from '../expr/env.js';
import type { ExprRuntime } from '../expr/runtime.js';
import { ExprError } from '../expr/values.js';
import { helperTable } from '../expr-helpers/table.js';
import { limits } from '../limits.js';

/** Throws E_EXPRESSION when the expression of a source does not compile. */
export function checkTransform(expression: Located): void {
  compile(expression, { env: transformEnv, functions: helperTable, names: newEventNames() });
}

/** Wraps a source. Throws E_EXPRESSION when the expression does not compile. */
export function transformed(source: Source, expression: Located, runtime: ExprRuntime): Source {
  const names = newEventNames();
  const evaluate = link(compile(expression, { env: transformEnv, functions: helperTable, names }), runtime);
  const event = new Event(names);
  return {
    open: () => source.open(),
    close: () => source.close(),
    async* batches() {
      for await (const batch of source.batches()) yield rewrite(batch, event, (each) => textsOf(evaluate, each));
    },
  };
}

/** The texts that take the place of a line, or null to leave it. */
function textsOf(evaluate: (event: Event) => unknown, event: Event): readonly string[] | null {
  try {
    const value = evaluate(event);
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
    return null;
  } catch (error) {
    if (error instanceof ExprError) return null;
    throw error;
  }
}

function rewrite(batch: RawBatch, event: Event, texts: (event: Event) => readonly string[] | null): RawBatch {
  const bytes = Buffer.from(batch.bytes.buffer as ArrayBuffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  const lines: { bytes: Uint8Array; flags: number }[] = [];
  for (let index = 0; index < batch.count; index++) {
    event.resetToLine({ ...batch, seq: 0 }, bytes, index);
    const replaced = texts(event);
    if (replaced === null) lines.push({ bytes: bytes.subarray(batch.spans[2 * index], batch.spans[2 * index + 1]), flags: batch.flags[index] });
    else for (const text of replaced) lines.push(lineOf(text));
  }
  return { ...batch, ...joined(lines) };
}

function lineOf(text: string): { bytes: Uint8Array; flags: number } {
  const whole = Buffer.from(text, 'utf8');
  const bytes = whole.subarray(0, limits.lineBytesMax);
  return { bytes, flags: (whole.length === text.length ? lineFlags.ascii : 0) | (bytes.length < whole.length ? lineFlags.truncated : 0) };
}

/** Lines as one buffer of their own: a batch is transferred to its worker. */
function joined(lines: readonly { bytes: Uint8Array; flags: number }[]): Pick<RawBatch, 'bytes' | 'spans' | 'flags' | 'count'> {
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.bytes.length, 0));
  const spans = new Uint32Array(2 * lines.length);
  let at = 0;
  for (const [index, line] of lines.entries()) {
    bytes.set(line.bytes, at);
    spans.set([at, at += line.bytes.length], 2 * index);
  }
  return { bytes, spans, flags: Uint8Array.from(lines, ({ flags }) => flags), count: lines.length };
}
