// Go's %b and %x of a float64: its binary mantissa and exponent. Rarely asked for, hence apart from go-float.ts.

/** `4503599627370496p-52` for verb b, `0x1.8p+01` for x (upper case for X). Precision counts hex digits after the point. */
export function floatBitsText(value: number, verb: string, precision: number | null): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const text = verb === 'b' ? binaryText(Math.abs(value)) : hexText(Math.abs(value), precision);
  return sign + (verb === 'X' ? text.toUpperCase() : text);
}

/** value = mantissa * 2^exponent, the mantissa of 53 bits unless the value is subnormal. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return biased === 0 ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function binaryText(value: number): string {
  const { mantissa, exponent } = parts(value);
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function hexText(value: number, precision: number | null): string {
  let { mantissa, exponent } = parts(value);
  if (mantissa === 0n) exponent = -52;
  for (; mantissa !== 0n && mantissa < 1n << 52n; exponent--) mantissa <<= 1n;
  if (precision !== null && precision < 13) {
    const drop = BigInt(4 * (13 - precision));
    const rest = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= drop;
    if (mantissa >> 53n !== 0n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const digits = mantissa.toString(16).padStart(14, '0');
  const fraction = precision === null ? digits.slice(1).replace(/0+$/, '') : digits.slice(1, 1 + precision)
    .padEnd(precision, '0');
  const power = exponent + 52;
  const size = String(Math.abs(power)).padStart(2, '0');
  return `0x${digits[0]}${fraction === '' ? '' : `.${fraction}`}p${power < 0 ? '-' : '+'}${size}`;
}
