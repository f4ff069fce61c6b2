// The grok oracle: expansion by substitution with one uniquely named group a reference, matched by the `re2` package one
// text at a time. Shares nothing with ts/grok: no group is counted, none is dropped.

import RE2 from 're2';

export interface NaivePattern {
  readonly regex: string;
  /** Field name to the name of its group. */
  readonly fields: Map<string, string>;
}

/** Returns a pattern with its references replaced, by the rules of the specification read literally. */
export function naiveExpand(text: string, patterns: ReadonlyMap<string, string>): NaivePattern {
  let serial = 0;
  const expand = (source: string): NaivePattern => {
    const pieces = source.split(/(%\{\w+(?::\w+)?\})/);
    const named = pieces.filter((_, index) => index % 2 === 1).map((piece) => piece.slice(2, -1).split(':')[1]);
    const fields = new Map<string, string>();
    const regex = pieces.map((piece, index) => {
      if (index % 2 === 0) return piece;
      const [name, field] = piece.slice(2, -1).split(':');
      const group = `g${serial++}`;
      const inner = expand(patterns.get(name) as string);
      if (field !== undefined) fields.set(field, group);
      for (const [below, belowGroup] of inner.fields) {
        if (!named.includes(below)) fields.set(below, belowGroup);
      }
      return `(?P<${group}>${inner.regex})`;
    });
    return { regex: regex.join(''), fields };
  };
  return expand(text);
}

/** Returns each field's byte range as "start-end", "-" where it took no part, or null when the text does not match. */
export function naiveMatch(pattern: NaivePattern, compiled: RE2, text: Buffer): Record<string, string> | null {
  const match = compiled.exec(text);
  if (match === null || pattern.fields.size === 0) return null;
  const ranges = match.indices?.groups ?? {};
  const result: Record<string, string> = {};
  for (const [field, group] of pattern.fields) result[field] = ranges[group] ? ranges[group].join('-') : '-';
  return result;
}

/** Compiles a naive pattern so that matches carry byte ranges. */
export function compileNaive(pattern: NaivePattern): RE2 {
  return new RE2(pattern.regex, 'd');
}
