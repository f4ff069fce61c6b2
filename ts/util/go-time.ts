// An instant with nanoseconds and a zone offset, with the text forms of Go's time package that CrowdSec shows.
// Two plain numbers, no BigInt: seconds since 1970 and nanoseconds within the second.

export class GoTime {
  /** Go's zero time prints as 0001-01-01T00:00:00Z; here it marks "not set". */
  static readonly zero = new GoTime(-62_135_596_800, 0);

  constructor(
    /** Whole seconds since 1970-01-01T00:00:00Z, may be negative. */
    readonly seconds: number,
    /** 0 to 999,999,999. */
    readonly nanos: number,
    /** Seconds east of UTC that the text forms show. */
    readonly offsetSeconds = 0,
    /** Zone abbreviation for Go's String() form; '' prints the offset twice as Go does. */
    readonly zone = 'UTC',
  ) {}

  static fromMs(ms: number): GoTime {
    const seconds = Math.floor(ms / 1000);
    return new GoTime(seconds, Math.round((ms - seconds * 1000) * 1e6));
  }

  get isZero(): boolean {
    return this.seconds === GoTime.zero.seconds && this.nanos === 0;
  }

  /** Nanoseconds from `other` to this; exact up to 104 days, rounded beyond. */
  since(other: GoTime): number {
    return (this.seconds - other.seconds) * 1e9 + (this.nanos - other.nanos);
  }

  /** RFC3339 with up to nine fractional digits, trailing zeros cut, `Z` for offset zero. */
  toRfc3339Nano(): string {
    const local = new Date((this.seconds + this.offsetSeconds) * 1000).toISOString();
    const fraction = this.nanos === 0 ? '' : `.${String(this.nanos).padStart(9, '0').replace(/0+$/, '')}`;
    return local.slice(0, -5) + fraction + offsetText(this.offsetSeconds);
  }
}

function offsetText(seconds: number): string {
  if (seconds === 0) return 'Z';
  const minutes = Math.abs(Math.trunc(seconds / 60));
  const hh = String(Math.trunc(minutes / 60)).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${hh}:${String(minutes % 60).padStart(2, '0')}`;
}
