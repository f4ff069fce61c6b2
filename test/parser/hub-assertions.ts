// Evaluates the lines of a hub test's parser.assert against the recorded steps of a parse: `path == literal`, `len(path)`,
// `basename(path)`, FloatApproxEqual. Far from all of expr; a line of another form is an error.

import { basename } from 'node:path';

/** Steps by stage and node, as CrowdSec's dump has them. */
export type Results = Readonly<Record<string, Readonly<Record<string, readonly { Success: boolean; Evt: unknown }[]>>>>;

/** Splits the text of an assert file into assertions; two on one line occur. */
export function assertionsOf(text: string): string[] {
  return text.split('\n').flatMap((line) => line.replace(/(?<=\d)len\(/g, '\nlen(').split('\n'))
    .map((line) => line.trim()).filter((line) => line !== '');
}

/** Whether an assertion holds; else a sentence that says what stands there instead. */
export function checkAssertion(assertion: string, results: Results): string | null {
  const cursor = { text: assertion, at: 0 };
  if (assertion.startsWith('FloatApproxEqual(')) {
    cursor.at = 'FloatApproxEqual('.length;
    const value = readPath(cursor, results);
    const wanted = Number(/^,\s*(-?[\d.e+-]+)\)$/.exec(assertion.slice(cursor.at))?.[1]);
    return Math.abs(Number(value) - wanted) < 1e-6 ? null : `${assertion}\n  is ${String(value)}`;
  }
  const call = /^(len|basename)\(/.exec(assertion)?.[1];
  if (call !== undefined) cursor.at = call.length + 1;
  let value = readPath(cursor, results);
  if (call === 'len') value = Array.isArray(value) ? value.length : Object.keys(value as object ?? {}).length;
  if (call === 'basename') value = basename(String(value));
  const right = /^\)?\s*==\s*(.+)$/s.exec(assertion.slice(cursor.at));
  if (right === null) throw new Error(`not an assertion this test knows: ${assertion}`);
  const wanted: unknown = JSON.parse(right[1]);
  // A missing key of a map of strings reads as ''.
  if ((value ?? '') === wanted) return null;
  return `${assertion}\n  is ${JSON.stringify(value)}`;
}

function readPath(cursor: { text: string; at: number }, results: Results): unknown {
  let value: unknown;
  for (;;) {
    const rest = cursor.text.slice(cursor.at);
    const step = /^results|^\[("(?:[^"\\]|\\.)*")\]|^\[(\d+)\]|^\.(\w+)/.exec(rest);
    if (step === null) return value;
    cursor.at += step[0].length;
    if (step[0] === 'results') {
      value = results;
      continue;
    }
    const key = step[1] !== undefined ? JSON.parse(step[1]) as string : step[2] ?? step[3];
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
}
