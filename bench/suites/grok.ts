// Grok over a batch of access log lines: whole lines, then each name of the dictionary by itself.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { expand } from '../../ts/grok/expand.js';
import { PatternLibrary } from '../../ts/grok/patterns.js';
import { GrokProgram } from '../../ts/grok/program.js';
import { accessLog, lineCount, spansOf, type Step } from './step.js';

const place = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
/** For each name of the dictionary: there are hundreds. */
const secondsEach = 0.05;

const wholeLines: readonly (readonly [name: string, pattern: string, matches: boolean])[] = [
  ['grok IPORHOST at the start, a line', '^%{IPORHOST:remote_addr} ', true],
  ['grok combined access log, a line', '^%{IPORHOST:remote_addr} - %{NOTSPACE:remote_user} \\[%{HTTPDATE:time_local}\\] '
    + '"%{WORD:verb} %{NOTDQUOTE:request} HTTP/%{NUMBER:http_version}" %{INT:status} %{INT:body_bytes_sent} '
    + '"%{NOTDQUOTE:http_referer}" "%{NOTDQUOTE:http_user_agent}"', true],
  ['grok that no line matches, a line', '^%{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:host}', false],
];

/** Whole lines, then the dictionary. */
export function* grokSteps(): Generator<Step> {
  const bytes = accessLog();
  const spans = spansOf(bytes);
  const library = new PatternLibrary();
  library.loadFolderOrEmbedded(undefined);
  for (const [name, pattern, matches] of wholeLines) {
    const program = new GrokProgram(expand(pattern, library, place));
    const run = (): Int32Array => program.exec(bytes, spans, lineCount);
    const rows = run();
    for (let line = 0; line < lineCount; line++) assert.equal(rows[line * program.stride] === 1, matches, `${name} ${line}`);
    yield { name, perRun: lineCount, run };
  }
  for (const name of library.names) {
    const program = new GrokProgram(expand(`%{${name}:it}`, library, place));
    yield { name: `grok %{${name}}, a line`, perRun: lineCount, seconds: secondsEach,
      run: () => program.exec(bytes, spans, lineCount) };
  }
}
