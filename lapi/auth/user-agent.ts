// The User-Agent of agents and bouncers: `name/version` with exactly one slash.

/** Returns the two parts, or null when the text has another form. */
export function splitUserAgent(text: string): { readonly name: string; readonly version: string } | null {
  const parts = text.split('/');
  return parts.length === 2 ? { name: parts[0], version: parts[1] } : null;
}
