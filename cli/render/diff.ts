// A unified difference of two short texts, line by line. For rule files: quadratic in the number of changed lines.

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

const contextLines = 3;

/** The difference with three lines around each change; '' when the texts are equal. */
export function unifiedDiff(from: NamedText, to: NamedText): string {
  if (from.text === to.text) return '';
  const steps = compare(linesOf(from.text), linesOf(to.text));
  const out = [`--- ${from.name}\n+++ ${to.name}\n`];
  let index = 0;
  while (index < steps.length) {
    if (steps[index].sign === ' ') {
      index += 1;
      continue;
    }
    const start = Math.max(0, index - contextLines);
    const end = hunkEnd(steps, index);
    out.push(hunk(steps, start, end));
    index = end;
  }
  return out.join('');
}

/** Where the hunk that begins at a change ends: context after its last change, joined with what follows closely. */
function hunkEnd(steps: readonly Step[], from: number): number {
  let last = from;
  for (let i = from; i < steps.length && i <= last + 2 * contextLines; i++) if (steps[i].sign !== ' ') last = i;
  return Math.min(steps.length, last + contextLines + 1);
}

function hunk(steps: readonly Step[], start: number, end: number): string {
  const before = steps.slice(0, start);
  const part = steps.slice(start, end);
  const count = (list: readonly Step[], sign: '-' | '+'): number => list.filter((step) => step.sign !== sign).length;
  // A range of no lines is named after the line before it.
  const range = (skipped: number, length: number): string =>
    (length === 1 ? String(skipped + 1) : `${length === 0 ? skipped : skipped + 1},${length}`);
  const head = `@@ -${range(count(before, '+'), count(part, '+'))} +${range(count(before, '-'), count(part, '-'))} @@\n`;
  return head + part.map(({ sign, line }) => (line.endsWith('\n') ? sign + line
    : `${sign}${line}\n\\ No newline at end of file\n`)).join('');
}

/** The longest common subsequence decides which lines stay. */
function compare(from: readonly string[], to: readonly string[]): Step[] {
  const common = Array.from({ length: from.length + 1 }, () => new Uint32Array(to.length + 1));
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      common[i][j] = from[i] === to[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    if (i < from.length && j < to.length && from[i] === to[j]) {
      steps.push({ sign: ' ', line: from[i++] });
      j += 1;
    } else if (i < from.length && (j >= to.length || common[i + 1][j] >= common[i][j + 1])) {
      steps.push({ sign: '-', line: from[i++] });
    } else {
      steps.push({ sign: '+', line: to[j++] });
    }
  }
  return steps;
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
