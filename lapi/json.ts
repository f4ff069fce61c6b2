// Writes JSON as Go does: `<`, `>`, `&` and the two line separators escaped, no space. Key order is that of the object,
// so the formatters in routes/ build their objects in CrowdSec's order.

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029',
};

/** Returns the text of a plain value. Undefined properties are left out. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character]);
}

/** The decimal text that names a float32, shortest first: what Go prints for latitude and longitude. */
export function float32(value: number): number {
  const exact = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(exact.toPrecision(digits));
    if (Math.fround(short) === exact) return short;
  }
  return exact;
}
