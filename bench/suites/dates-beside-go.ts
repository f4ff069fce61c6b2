// Dates as a Go program understands them: seeded texts of every known layout, whole and spoiled, through ts/enrich/date.ts and
// through bench/go/dates.go. Needs the go command; nothing is downloaded.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dateLayouts, parseDate } from '../../ts/enrich/date.js';
import { randomFrom } from '../../ts/util/random.js';
import { formatGoTime } from '../../ts/util/go-layout.js';
import { GoTime } from '../../ts/util/go-time.js';

/** Layouts that rules give their events. */
const ownLayouts = ['2006-01-02T15:04:05.999Z', 'Mon Jan _2 15:04:05 2006', '0102 15:04:05', '060102 15:04:05', '01/02/2006, 3:04:05 PM',
  '01/02/2006, 15:04:05', '2006-01-02 15:04:05,999999999', '2006-01-02 15:04:05.000-0700', '2006-01-02 15:04:05 MST'];
const now = new GoTime(Date.UTC(2026, 10, 23, 12) / 1000, 0);

/** Compares `PALISADE_DATES` texts (100,000) of `PALISADE_SEED` (of the clock). Throws at the first difference. */
export function runDatesBesideGo(tell: (line: string) => void): void {
  process.env['TZ'] = 'UTC';
  const seed = Number(process.env['PALISADE_SEED'] ?? Date.now() % 1_000_000);
  const rows = textsOf(seed, Number(process.env['PALISADE_DATES'] ?? 100_000));
  const program = fileURLToPath(new URL('../../../bench/go/dates.go', import.meta.url));
  const child = spawnSync('go', ['run', program], { input: JSON.stringify({ layouts: dateLayouts, year: 2026, rows }), encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', GOFLAGS: '-mod=mod', GO111MODULE: 'off' }, maxBuffer: 1 << 28 });
  if (child.status !== 0) throw new Error(`go did not run: ${child.error?.message ?? child.stderr}`);
  const answers = JSON.parse(child.stdout) as readonly (string | null)[];
  for (const [index, [text, layout]] of rows.entries()) {
    const own = parseDate(text, layout, () => now)?.marshaled ?? null;
    if (own !== answers[index]) throw new Error(`seed ${seed}: ${JSON.stringify([text, layout])} is ${own} here, ${answers[index]} in Go`);
  }
  tell(`\n## Dates beside Go\n\n${rows.length} texts (seed ${seed}), ${answers.filter((answer) => answer !== null).length} of them dates: the same answers.`);
}

function textsOf(seed: number, count: number): (readonly [text: string, layout: string])[] {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, () => {
    if (random() < 0.02) return [String(Math.floor(random() * 4e9)) + pick(['', '.5', '.', 's']), ''] as const;
    const layout = pick([...dateLayouts, ...ownLayouts]);
    const offset = pick([0, 0, 7200, -18_000, 20_700]);
    const time = new GoTime(Math.floor(random() * 4e9), pick([0, 123_000_000, Math.floor(random() * 1e9)]), offset, offset === 0 ? 'UTC' : '');
    let text = formatGoTime(time, layout);
    for (let edits = Math.floor(random() * 3); edits > 0; edits--) {
      const at = Math.floor(random() * text.length);
      text = text.slice(0, at) + pick(['', '0', '9', ' ', ':', '.', ',', 'Z', '-', '+', '/', 'a', '12']) + text.slice(at + Math.floor(random() * 2));
    }
    return [text, ownLayouts.includes(layout) || random() < 0.1 ? layout : ''] as const;
  });
}
