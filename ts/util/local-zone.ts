// The time zone of this process: its offset and abbreviation at an instant. Go calls it Local.
// Offsets come from the JavaScript engine; abbreviations from its English names, numeric where it knows none.

/** Offset and abbreviation of a zone at some instant. */
export interface ZoneSpan {
  readonly offsetSeconds: number;
  readonly name: string;
}

const nameByOffset = new Map<number, string>();

/** Zones change their offset at whole quarters of an hour, so within one the answer is the same. */
const quarterSeconds = 900;
let lastQuarter = NaN;
let lastSpan: ZoneSpan = { offsetSeconds: 0, name: 'UTC' };

/** The zone of this process at an instant (Unix seconds). The process keeps one zone for its life. */
export function localZoneAt(unixSeconds: number): ZoneSpan {
  const quarter = Math.floor(unixSeconds / quarterSeconds);
  if (quarter !== lastQuarter) {
    lastSpan = readZone(unixSeconds);
    lastQuarter = quarter;
  }
  return lastSpan;
}

/** The span of the local zone that bears an abbreviation in the year of an instant, or null. */
export function localZoneNamed(name: string, unixSeconds: number): ZoneSpan | null {
  const halfYear = 182 * 86_400;
  for (const at of [unixSeconds, unixSeconds - halfYear, unixSeconds + halfYear]) {
    const span = localZoneAt(at);
    if (span.name === name) return span;
  }
  return null;
}

function readZone(unixSeconds: number): ZoneSpan {
  const date = new Date(unixSeconds * 1000);
  const offsetSeconds = 0 - date.getTimezoneOffset() * 60;
  // A zone has few names; which one applies follows from the year and the offset closely enough to remember it.
  const key = date.getUTCFullYear() * 1_000_000 + offsetSeconds;
  let name = nameByOffset.get(key);
  if (name === undefined) {
    name = abbreviation(date, offsetSeconds);
    if (nameByOffset.size >= 1000) nameByOffset.clear();
    nameByOffset.set(key, name);
  }
  return { offsetSeconds, name };
}

function abbreviation(date: Date, offsetSeconds: number): string {
  // Most servers' zone, told without the 15 ms that a first look at the names takes.
  if (date.toString().endsWith('(Coordinated Universal Time)')) return 'UTC';
  // Each English-speaking place has names for zones near it.
  for (const locale of ['en-US', 'en-GB', 'en-AU']) {
    const name = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' })
      .formatToParts(date).find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{3,5}$/.test(name)) return name;
  }
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const hours = String(Math.trunc(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0');
  return `${offsetSeconds < 0 ? '-' : '+'}${hours}${rest}`;
}
