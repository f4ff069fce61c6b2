// Text forms of floating-point numbers as Go's strconv gives them. JavaScript's shortest digits are the same as Go's;
// where the exponent form begins, how it is written and how ties are rounded differs.

/** How many bits a number is shown with: float32 values have fewer shortest digits. */
export type FloatBits = 32 | 64;

/**
 * `%v`: shortest digits that read back as the same number; exponent form below 1e-4 and
 * from 1e6 up.
 */
export function formatFloatShortest(value: number, bits: FloatBits = 64): string {
  return formatFloat(value, 'g', -1, bits);
}

/** `%f`: six decimals, how CrowdSec turns a float into text. */
export function formatFloatFixed(value: number): string {
  return formatFloat(value, 'f', 6);
}

/**
 * Go's strconv.FormatFloat. Format e, E, f, F, g, G; precision -1 asks for the shortest digits that read back.
 * For g the precision counts significant digits, else decimals. JavaScript knows 100 digits; the rest are zeros.
 */
export function formatFloat(value: number, format: string, precision: number, bits: FloatBits = 64): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const negative = value < 0 || Object.is(value, -0);
  const text = magnitudeText(Math.abs(value), format.toLowerCase(), precision, bits);
  const cased = format === 'E' || format === 'G' ? text.toUpperCase() : text;
  return negative ? `-${cased}` : cased;
}

/** Go's JSON form of a finite float64: plain digits, exponent form below 1e-6 and from 1e21 up. */
export function formatFloatJson(value: number): string {
  // JavaScript switches at the same limits and writes exponents the same way; only the sign of zero is lost.
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Significant digits and where the point lies: 0.d1d2d3… times 10^point. */
interface Digits {
  readonly digits: string;
  readonly point: number;
}

function magnitudeText(value: number, format: string, precision: number, bits: FloatBits): string {
  if (format === 'f') return precision < 0 ? plainText(shortest(value, bits)) : fixedText(value, precision);
  if (format === 'e') {
    return exponentText(precision < 0 ? shortest(value, bits) : rounded(value, precision + 1), precision);
  }
  if (precision < 0) return generalText(shortest(value, bits), 6);
  const significant = Math.max(precision, 1);
  const found = trimmed(rounded(value, significant));
  // A number that needs no more digits than it has before the point stays plain although more were allowed.
  const fewer = significant > found.digits.length && found.digits.length >= found.point;
  return generalText(found, fewer ? found.digits.length : significant);
}

function generalText(found: Digits, exponentFrom: number): string {
  const exponent = isZero(found) ? 0 : found.point - 1;
  return exponent < -4 || exponent >= exponentFrom ? exponentText(found, -1) : plainText(found);
}

function shortest(value: number, bits: FloatBits): Digits {
  if (value === 0) return { digits: '0', point: 1 };
  if (bits === 32) return shortestFloat32(value);
  return digitsOf(value.toExponential());
}

/** The fewest digits whose float32 is this one; nine are always enough. */
function shortestFloat32(value: number): Digits {
  const single = Math.fround(value);
  for (let count = 1; count <= 9; count++) {
    const found = rounded(single, count);
    if (Math.fround(Number(`0.${found.digits}e${found.point}`)) === single) return trimmed(found);
  }
  return digitsOf(single.toExponential());
}

/** The value in `count` significant digits, ties to even (JavaScript rounds them up). */
function rounded(value: number, count: number): Digits {
  if (value === 0) return { digits: '0'.repeat(count), point: 1 };
  if (count > 100) return digitsOf(value.toExponential(100));
  const exact = digitsOf(value.toExponential(100));
  const kept = exact.digits.slice(0, count);
  if (/^50*$/.test(exact.digits.slice(count)) && '02468'.includes(kept[count - 1])) {
    return { digits: kept, point: exact.point };
  }
  return digitsOf(value.toExponential(count - 1));
}

function digitsOf(exponentForm: string): Digits {
  const [mantissa, exponent] = exponentForm.split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

function trimmed({ digits, point }: Digits): Digits {
  return { digits: digits.replace(/0+$/, '') || '0', point };
}

function isZero({ digits }: Digits): boolean {
  return /^0*$/.test(digits);
}

function plainText({ digits, point }: Digits): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function exponentText(found: Digits, decimals: number): string {
  const { digits, point } = found;
  const tail = decimals < 0 ? digits.slice(1) : digits.slice(1).padEnd(decimals, '0');
  const exponent = isZero(found) ? 0 : point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits[0]}${tail === '' ? '' : `.${tail}`}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** The value with exactly `decimals` decimals. toFixed gives up at 1e21, where every double is a whole number. */
function fixedText(value: number, decimals: number): string {
  if (value >= 1e21) return BigInt(value).toString() + (decimals > 0 ? `.${'0'.repeat(decimals)}` : '');
  if (decimals >= 100) return value.toFixed(100).padEnd(value.toFixed(100).length + decimals - 100, '0');
  // Only a number that is whole after `decimals + 1` doublings can end in a 5 that rounds either way.
  if (Number.isInteger(value * 2 ** (decimals + 1))) {
    const exact = value.toFixed(decimals + 1);
    const before = exact.slice(0, -1).replace(/\.$/, '');
    if (exact.endsWith('5') && '02468'.includes(before[before.length - 1])) return before;
  }
  return value.toFixed(decimals);
}
