// The rules of a chain of ours, as expressions and as what the kernel must show of them. Which packets they see is the
// chain's matter.

import type { NftExpression, NftObject } from '../../native/index.js';
import type { Family } from '../family.js';

/** What happens to packets from banned addresses. */
export interface DenyOptions {
  readonly isReject: boolean;
  /** null: not logged. */
  readonly logPrefix: string | null;
}

/** A rule with its tag, by which it is found again. */
export interface TaggedRule {
  readonly comment: string;
  readonly expressions: readonly NftExpression[];
}

const verdictDrop = 0;
const verdictAccept = 1;
const networkHeader = 1;
/** Log lines a second; a rule of its own, since a limit in the rule that drops would limit the dropping. */
const logLinesPerSecond = 10;

/** What all rules are tagged with. */
export const tag = 'palisade';

/** Counts what passes by, then lets off what must never be banned. */
export function headRules(family: Family, neverSet: string): TaggedRule[] {
  return [
    { comment: `${tag} processed`, expressions: [{ kind: 'counter' }] },
    { comment: `${tag} never`, expressions: [source(family), { kind: 'lookup', text: neverSet }, { kind: 'counter' },
      { kind: 'verdict', a: verdictAccept }] },
  ];
}

/** Denies what comes from a set. */
export function denyRules(family: Family, set: string, deny: DenyOptions): TaggedRule[] {
  const match = [source(family), { kind: 'lookup', text: set }] as const;
  const drop: NftExpression = deny.isReject ? { kind: 'reject', a: 0, b: family.rejectCode }
    : { kind: 'verdict', a: verdictDrop };
  const denied = { comment: `${tag} deny ${set}`, expressions: [...match, { kind: 'counter' } as const, drop] };
  if (deny.logPrefix === null) return [denied];
  return [{ comment: `${tag} log ${set}`, expressions: [...match,
    { kind: 'limit', a: logLinesPerSecond, b: 1, c: logLinesPerSecond }, { kind: 'log', text: deny.logPrefix }] }, denied];
}

/** The first rules in their order, those of the sets in any: new sets come at the end. */
export function areRulesRight(wanted: readonly TaggedRule[], found: readonly NftObject[]): boolean {
  const text = (rule: { comment: string }, shape: string): string => `${rule.comment}: ${shape}`;
  const wantedTexts = wanted.map((rule) => text(rule, shapeOf(rule)));
  const foundTexts = found.map((rule) => text(rule, rule.expressions));
  return wantedTexts.length === foundTexts.length && wantedTexts.slice(0, 2).every((line, at) => line === foundTexts[at])
    && [...wantedTexts].sort().every((line, at) => line === [...foundTexts].sort()[at]);
}

/** How the kernel lists the expressions of a rule. */
function shapeOf({ expressions }: TaggedRule): string {
  return expressions.map(({ kind, text }) => (kind === 'lookup' ? `lookup:${text}`
    : kind === 'verdict' ? 'immediate' : kind)).join(' ');
}

function source(family: Family): NftExpression {
  return { kind: 'payload', a: networkHeader, b: family.sourceOffset, c: family.keyBytes };
}
