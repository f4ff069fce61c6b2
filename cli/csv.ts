// Reads comma-separated values as Go's csv package does: quoted fields, every record as long as the first.

/** The records of a CSV text, empty lines left out. Throws with Go's words. */
export function parseCsv(text: string): string[][] {
  return [...csvRecords(text)];
}

/** As parseCsv, one after the other, for texts of many. */
export function* csvRecords(text: string): Generator<string[]> {
  let line = 1;
  let at = 0;
  let fieldCount: number | null = null;
  while (at < text.length) {
    const start = line;
    if (text[at] === '\n' || text.startsWith('\r\n', at)) {
      at += text[at] === '\n' ? 1 : 2;
      line += 1;
      continue;
    }
    const record: string[] = [];
    for (;;) {
      const field = readField(text, at, line);
      record.push(field.value);
      at = field.end;
      line += field.lines;
      if (text[at] !== ',') break;
      at += 1;
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line += 1;
    if (record.length !== (fieldCount ??= record.length)) throw new Error(`record on line ${start}: wrong number of fields`);
    yield record;
  }
}

function readField(text: string, from: number, line: number): { value: string; end: number; lines: number } {
  if (text[from] !== '"') {
    const end = plainEnd(text, from);
    const value = text.slice(from, end);
    const quote = value.indexOf('"');
    if (quote >= 0) throw new Error(`parse error on line ${line}, column ${quote + 1}: bare " in non-quoted field`);
    return { value, end, lines: 0 };
  }
  let value = '';
  for (let at = from + 1; ; at++) {
    if (at >= text.length) throw new Error(`parse error on line ${line}: extraneous or missing " in quoted-field`);
    if (text[at] !== '"') value += text[at];
    else if (text[at + 1] === '"') value += text[++at];
    else if (at + 1 >= text.length || /[,\r\n]/.test(text[at + 1])) {
      return { value, end: at + 1, lines: value.split('\n').length - 1 };
    } else throw new Error(`parse error on line ${line}: extraneous or missing " in quoted-field`);
  }
}

/** Where a field without quotes ends: at a comma or the end of its line. */
function plainEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 44 || code === 10 || (code === 13 && text.charCodeAt(at + 1) === 10)) return at;
  }
  return text.length;
}
