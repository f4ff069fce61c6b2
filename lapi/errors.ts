// What the Local API answers when it refuses: a status and the sentence the client shows. Not for bugs, which become a
// 500 with a plain text and a log line.

/** The refusals of the Local API by code: their status, and what they are about. */
export const refusals = {
  badBody: { status: 400, about: 'the body is not JSON, or a field has the wrong type' },
  invalidBody: { status: 422, about: 'a required field is missing or a value is out of bounds' },
  badFilter: { status: 400, about: 'a query parameter is unknown or cannot be read' },
  badValue: { status: 400, about: 'a value in the body or the path cannot be used' },
  unauthorized: { status: 401, about: 'the machine token or the password is missing or wrong' },
  forbidden: { status: 403, about: 'the caller may not do this' },
  notFound: { status: 404, about: 'there is no such object' },
  tooMany: { status: 429, about: 'this address failed to log in, or registered, too often in a minute' },
  busy: { status: 503, about: 'there is no room for one more; the client should come back later' },
  failed: { status: 500, about: 'the server could not do it; nothing was changed' },
  unavailable: { status: 503, about: 'the database cannot be written now; the client should try again' },
} as const;

export type RefusalCode = keyof typeof refusals;

/** A refusal on its way to the client. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** Machine authentication answers in the form of its own library: `{"code":401,…}` and a challenge header. */
  readonly isTokenFailure: boolean;

  constructor(code: RefusalCode, message: string, isTokenFailure = false) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.isTokenFailure = isTokenFailure;
  }

  get status(): number {
    return refusals[this.code].status;
  }
}

/** A machine token that is missing, malformed, expired or revoked, or a login that failed. */
export function tokenRefusal(message: string): Refusal {
  return new Refusal('unauthorized', message, true);
}
