// Finds the capturing groups in the text of a regular expression (RE2's syntax) and drops those nobody reads.
// A scanner for parentheses, not a parser: whether the expression is valid is for RE2 to say.

/** Returns the offset of each capturing group's parenthesis, in order: entry i belongs to group i + 1. */
export function captureOffsets(regex: string): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < regex.length; ) {
    if (regex[at] === '(' && captureLength(regex, at) > 0) offsets.push(at);
    at = tokenEnd(regex, at);
  }
  return offsets;
}

/**
 * Returns the expression with only the capturing groups at these offsets; the others still group. It matches the same
 * texts at the same places, and RE2 runs it faster: five groups or fewer can run in one pass.
 */
export function keepCaptures(regex: string, kept: ReadonlySet<number>): string {
  let result = '';
  let copied = 0;
  for (const offset of captureOffsets(regex)) {
    if (kept.has(offset)) continue;
    result += `${regex.slice(copied, offset)}(?:`;
    copied = offset + captureLength(regex, offset);
  }
  return result + regex.slice(copied);
}

/** Length of what opens a capturing group at a parenthesis: `(`, `(?P<name>` or `(?<name>`; 0 for other groups. */
function captureLength(regex: string, at: number): number {
  if (regex[at + 1] !== '?') return 1;
  const named = regex.startsWith('?P<', at + 1) || regex.startsWith('?<', at + 1);
  return named ? regex.indexOf('>', at) - at + 1 : 0;
}

/** End of the token at `at`, where tokens that can hide a parenthesis (escapes, quotes, classes) count as one. */
function tokenEnd(regex: string, at: number): number {
  if (regex[at] === '[') return classEnd(regex, at);
  if (regex[at] !== '\\') return at + 1;
  if (regex[at + 1] !== 'Q') return at + 2;
  const end = regex.indexOf('\\E', at + 2);
  return end < 0 ? regex.length : end + 2;
}

/** End of a character class: a bracket right after the opening, an escaped one or one in [:name:] does not close it. */
function classEnd(regex: string, start: number): number {
  let at = start + 1;
  if (regex[at] === '^') at++;
  if (regex[at] === ']') at++;
  while (at < regex.length && regex[at] !== ']') {
    if (regex[at] === '\\') at += 2;
    else if (regex.startsWith('[:', at) && regex.indexOf(':]', at + 2) >= 0) at = regex.indexOf(':]', at + 2) + 2;
    else at++;
  }
  return at + 1;
}
