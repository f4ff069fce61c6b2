// How measured times are told: by the value that a share of them does not exceed.

/** The value at a share (0 to 1) of values in any order; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
