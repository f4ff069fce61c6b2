// Orders the version texts of the hub: `0.9`, `1.4`, `v1.2.3-rc1`. Lenient about missing parts, as the hub's own
// versions are; not a range checker.

import { PalisadeError } from '../errors.js';

interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: string;
}

const pattern = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** Negative, 0 or positive as `a` is older than, equal to or newer than `b`; undefined when one is no version. */
export function compareVersions(a: string, b: string): number | undefined {
  const left = parse(a);
  const right = parse(b);
  if (left === undefined || right === undefined) return undefined;
  for (let i = 0; i < 3; i++) {
    if (left.numbers[i] !== right.numbers[i]) return left.numbers[i] - right.numbers[i];
  }
  return comparePrereleases(left.prerelease, right.prerelease);
}

/** The versions, newest first. Throws E_HUB on one that is not a version, which makes the index unusable. */
export function newestFirst(versions: readonly string[]): string[] {
  for (const version of versions) {
    if (parse(version) === undefined) throw new PalisadeError('E_HUB', `${version}: invalid semantic version`);
  }
  return [...versions].sort((a, b) => compareVersions(b, a) as number);
}

function parse(text: string): Version | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  return { numbers: [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)], prerelease: match[4] ?? '' };
}

/** A release is newer than its candidates; parts compare as numbers where both are. */
function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '') return 1;
  if (b === '') return -1;
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (left[i] === undefined) return -1;
    if (right[i] === undefined) return 1;
    if (left[i] === right[i]) continue;
    const numbers = [left[i], right[i]].map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
    if (!Number.isNaN(numbers[0]) && !Number.isNaN(numbers[1])) return numbers[0] - numbers[1];
    if (!Number.isNaN(numbers[0])) return -1;
    if (!Number.isNaN(numbers[1])) return 1;
    return left[i] < right[i] ? -1 : 1;
  }
  return 0;
}
