// Environment expansion in configuration text: $NAME and ${NAME} where NAME is set; the rest stays as written,
// so a `$` in a password survives.

/** Returns the text with set variables replaced. Substituted text is scanned on, as in CrowdSec, but at most 16 deep. */
export function expandEnvironment(text: string, environment: NodeJS.ProcessEnv = process.env): string {
  let expanded = text;
  for (let round = 0; round < 16; round++) {
    const next = expanded.replace(/\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g,
      (whole, braced: string | undefined, bare: string | undefined) => environment[braced ?? bare ?? ''] ?? whole);
    if (next === expanded) return expanded;
    expanded = next;
  }
  return expanded;
}
