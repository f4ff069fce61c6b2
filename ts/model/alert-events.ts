// The events of an alert as one text: most of an alert, written once where it is made and sent to the Local API as it is. As
// objects they exist only for who reads them.

import type { Alert, AlertEvent } from './alert.js';

/** An alert without its events. */
export type AlertHead = Omit<Alert, 'events'>;

/** The texts of alerts whose events nobody replaced. */
const texts = new WeakMap<object, string>();

/** Makes an alert of its head: its events are those that a JSON list tells of, read when somebody asks for them. */
export function withEvents(head: AlertHead, json: string): Alert {
  const alert = head as Alert;
  texts.set(alert, json);
  let events: AlertEvent[] | null | undefined;
  Object.defineProperty(alert, 'events', { enumerable: true, configurable: true,
    get: () => (events ??= JSON.parse(json) as AlertEvent[]),
    set: (given: AlertEvent[] | null) => {
      texts.delete(alert);
      Object.defineProperty(alert, 'events', { value: given, enumerable: true, configurable: true, writable: true });
    } });
  return alert;
}

/** The text that an alert was given its events as; undefined when they are objects. */
export function eventsTextOf(alert: Alert): string | undefined {
  return texts.get(alert);
}

/** Characters of its events as JSON. */
export function eventsLengthOf(alert: Alert): number {
  return (texts.get(alert) ?? JSON.stringify(alert.events)).length;
}

/** A copy of an alert without its events. */
export function headOf(alert: Alert): AlertHead {
  const head: Record<string, unknown> = {};
  for (const name of Object.keys(alert)) if (name !== 'events') head[name] = alert[name as keyof Alert];
  return head as unknown as AlertHead;
}

/** The alert as JSON. */
export function alertText(alert: Alert): string {
  const events = texts.get(alert);
  return events === undefined ? JSON.stringify(alert) : `{"events":${events},${JSON.stringify(headOf(alert)).slice(1)}`;
}
