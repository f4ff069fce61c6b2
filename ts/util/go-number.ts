// Numbers in text as Go's strconv reads them: stricter than Number() in some places, wider in others.

/** Largest magnitude of a Go int (2^63). Above 2^53 a JavaScript number keeps only its leading digits. */
const intMax = 2n ** 63n;

/** Parses a base-10 int with optional sign; null when malformed or beyond 64 bits. */
export function parseGoInt(text: string): number | null {
  if (!/^[+-]?[0-9]+$/.test(text)) return null;
  if (text.length <= 15) return Number(text) + 0;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value >= -intMax && value < intMax ? Number(value) : null;
}

/** Digits that underscores may separate. */
const digits = '[0-9]+(?:_[0-9]+)*';
const decimalFloat = new RegExp(`^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:[eE][+-]?${digits})?$`);

/** Parses a float: decimal, hexadecimal with a `p` exponent, inf, nan. Too large ones give ±Infinity; null when malformed. */
export function parseGoFloat(text: string): number | null {
  if (decimalFloat.test(text)) return Number(text.replaceAll('_', ''));
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  return parseHexFloat(text);
}

/** Whether a text that gave an infinite number spells out a number that is merely too large. */
export function isFloatOutOfRange(text: string, value: number): boolean {
  return !Number.isFinite(value) && /[0-9]/.test(text);
}

function parseHexFloat(text: string): number | null {
  const found = /^([+-]?)0x(_?[0-9a-f]+(?:_[0-9a-f]+)*)?(?:\.([0-9a-f]+(?:_[0-9a-f]+)*)?)?p([+-]?[0-9]+)$/i.exec(text);
  if (found === null) return null;
  const whole = (found[2] ?? '').replaceAll('_', '');
  const fraction = (found[3] ?? '').replaceAll('_', '');
  if (whole + fraction === '') return null;
  const magnitude = scaled(BigInt(`0x${whole}${fraction}`), Number(found[4]) - 4 * fraction.length);
  return found[1] === '-' ? -magnitude : magnitude;
}

/** mantissa * 2^exponent, rounded once to the nearest double, ties to even. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1024) return Infinity;
  // A double keeps 53 bits, fewer below 2^-1022.
  const dropped = Math.max(bits - 53, -1074 - exponent, 0);
  if (dropped > bits + 1) return 0;
  const drop = BigInt(dropped);
  let kept = mantissa >> drop;
  const rest = mantissa - (kept << drop);
  const half = dropped === 0 ? 1n : 1n << (drop - 1n);
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
  const power = exponent + dropped;
  // Two steps, since 2^power alone may lie outside the range of a double.
  return power < -1000 ? Number(kept) * 2 ** -1000 * 2 ** (power + 1000) : Number(kept) * 2 ** Math.min(power, 1000)
    * 2 ** Math.max(power - 1000, 0);
}
