// Requests that take long: large bodies and long lists, answered piece by piece. The thread of bulk-thread.ts does them, or the
// caller's own where there is none; what they do is the same.

import { encodeJson } from '../json.js';
import { takeAlerts, type IntakeDeps } from '../intake.js';
import { readAlertFilter, readAlertPage } from '../routes/alert-query.js';
import { checkAllowlists } from '../routes/allowlist-check.js';
import { readDecisionFilter } from '../routes/decision-query.js';
import { alertListText, decisionListText } from '../routes/list-text.js';
import { addAlertsRequest } from '../schema/alert.js';
import { bulkCheckRequest } from '../schema/allowlist.js';
import { decodeBody } from '../schema/validate.js';

/** What is asked for. Plain data; bodies are raw, query strings without the question mark. */
export type BulkWork =
  | { readonly kind: 'addAlerts'; readonly body: Uint8Array; readonly machine: string; readonly ownIds: boolean }
  | { readonly kind: 'checkAllowlists'; readonly body: Uint8Array }
  | { readonly kind: 'listAlerts'; readonly query: string }
  | { readonly kind: 'listDecisions'; readonly query: string };

/** Somebody who does long work. */
export interface BulkWorker {
  /** The pieces of the answer, JSON together. Throws a Refusal, as late as at the last piece. */
  run(work: BulkWork): AsyncGenerator<string | Uint8Array>;
  /** Such work is about to come. */
  expect(): void;
}

/** Does the work in this thread. */
export async function* doBulkWork(work: BulkWork, deps: IntakeDeps): AsyncGenerator<string> {
  const { store } = deps;
  switch (work.kind) {
    case 'addAlerts': {
      const alerts = decodeBody(addAlertsRequest, bufferOf(work.body), 'headed');
      yield encodeJson((await takeAlerts(deps, work.machine, alerts, work.ownIds)).map(String));
      return;
    }
    case 'checkAllowlists': {
      yield encodeJson(await checkAllowlists(store, decodeBody(bulkCheckRequest, bufferOf(work.body)).targets ?? []));
      return;
    }
    case 'listAlerts': {
      const query = new URLSearchParams(work.query);
      const now = store.now();
      yield* alertListText(store, readAlertFilter(query, now), readAlertPage(query), now);
      return;
    }
    case 'listDecisions':
      yield* decisionListText(store, readDecisionFilter(new URLSearchParams(work.query)), store.now());
  }
}

/** The same bytes: what comes from another thread is no Buffer any more. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
