// Compares the alerts of this engine with those of a peer that is not deterministic: several runs of the peer say what it
// always finds, and how often it finds what it finds sometimes.

/** One alert, times in whole seconds. */
export interface SeenAlert {
  readonly scenario: string;
  readonly source: string;
  readonly started: string;
  readonly stopped: string;
  readonly events: number;
}

/** Something that the two do not agree on. */
export interface Difference {
  readonly scenario: string;
  readonly text: string;
  /** We have the alert, but it begins or ends some lines elsewhere. */
  readonly isMoved: boolean;
}

/** What a comparison found. */
export interface Comparison {
  /** Alerts that all runs of the peer gave, to the second and the event. */
  readonly stableCount: number;
  readonly differences: readonly Difference[];
}

/** Our alerts must hold all that the peer always gives, and no more or fewer of a scenario and source than its runs did. */
export function compareAlerts(ours: readonly SeenAlert[], theirs: readonly (readonly SeenAlert[])[]): Comparison {
  const have = countBy(ours, alertText);
  const runs = theirs.map((run) => countBy(run, alertText));
  const stable = theirs[0].filter((alert) => runs.every((run) => run.has(alertText(alert))));
  const missing = stable.filter((alert) => !have.has(alertText(alert)))
    .map((alert) => ({ scenario: alert.scenario, text: `only theirs: ${alertText(alert)}`,
      isMoved: ours.some((own) => pairText(own) === pairText(alert) && own.started <= alert.stopped && alert.started <= own.stopped) }));
  return { stableCount: stable.length, differences: [...missing, ...outOfRange(ours, theirs)] };
}

function outOfRange(ours: readonly SeenAlert[], theirs: readonly (readonly SeenAlert[])[]): Difference[] {
  const have = countBy(ours, pairText);
  const runs = theirs.map((run) => countBy(run, pairText));
  const pairs = new Map([...ours, ...theirs.flat()].map((alert) => [pairText(alert), alert.scenario]));
  return [...pairs].flatMap(([pair, scenario]) => {
    const counts = runs.map((run) => run.get(pair) ?? 0);
    const [min, max, count] = [Math.min(...counts), Math.max(...counts), have.get(pair) ?? 0];
    return count >= min && count <= max ? [] : [{ scenario, text: `${pair}: ${count} times, theirs ${min} to ${max}`, isMoved: false }];
  });
}

function alertText({ scenario, source, started, stopped, events }: SeenAlert): string {
  return [scenario, source, started, stopped, events].join(' ');
}

function pairText({ scenario, source }: SeenAlert): string {
  return `${scenario} ${source}`;
}

function countBy(alerts: readonly SeenAlert[], keyOf: (alert: SeenAlert) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const alert of alerts) counts.set(keyOf(alert), (counts.get(keyOf(alert)) ?? 0) + 1);
  return counts;
}
