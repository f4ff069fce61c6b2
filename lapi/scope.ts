// Names of scopes: those that CrowdSec knows are spelled its way whatever the case they come in; others stay.

const canonical: Readonly<Record<string, string>> = { ip: 'Ip', range: 'Range', as: 'AS', country: 'Country' };

/** Returns the stored spelling of a scope. */
export function normalizeScope(scope: string): string {
  const lower = scope.toLowerCase();
  return Object.hasOwn(canonical, lower) ? canonical[lower] : scope;
}
