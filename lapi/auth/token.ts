// Machine tokens: JWT with HS256 and exactly the claims exp, id and orig_iat, as CrowdSec issues them. The header names,
// as key id, the password that was valid at the login, so that a token does not outlive it.
// The algorithm is fixed; a token that names another is refused. Whether the machine still exists is machine-auth.ts.

import { createSigner, createVerifier } from 'fast-jwt';
import { createHmac } from 'node:crypto';
import { remembered } from '../../ts/util/remembered.js';
import { tokenRefusal } from '../errors.js';
import { lapiLimits } from '../limits.js';

const lifetimeSeconds = 3600;
/** A token may be exchanged for a new one within this time of the first login. */
const refreshSeconds = 3600;

export interface Token {
  readonly text: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export interface Claims {
  readonly machine: string;
  /** Seconds since 1970 of the login. */
  readonly loggedInAt: number;
  /** What `isOf` compares. */
  readonly keyId: string;
}

interface Genuine {
  readonly exp: number;
  readonly claims: Claims;
}

/** What a token is bound to. */
export interface Bearer {
  readonly name: string;
  readonly passwordHash: string;
}

/** Issues and checks the tokens of machines. */
export class Tokens {
  readonly #secret: Buffer;
  readonly #verify: (token: string) => unknown;
  readonly #nowMs: () => number;
  /** What genuine tokens say: a machine shows the same one with each request. Refused ones are not kept. */
  readonly #known: (text: string) => Genuine;
  readonly #keyId: (passwordHash: string) => string;

  constructor(secret: Buffer, nowMs: () => number) {
    this.#secret = secret;
    // Expiry is checked here, by the injected clock.
    this.#verify = createVerifier({ key: secret, algorithms: ['HS256'], ignoreExpiration: true, cache: false, complete: true });
    this.#nowMs = nowMs;
    this.#known = remembered((text) => this.#read(text), lapiLimits.tokensKnownMax);
    this.#keyId = remembered((hash) => createHmac('sha256', secret).update(hash).digest('base64url'), lapiLimits.tokensKnownMax);
  }

  issue({ name, passwordHash }: Bearer): Token {
    const now = Math.floor(this.#nowMs() / 1000);
    const expiresAt = now + lifetimeSeconds;
    const sign = createSigner({ key: this.#secret, algorithm: 'HS256', noTimestamp: true, kid: this.#keyId(passwordHash) });
    return { text: sign({ exp: expiresAt, id: name, orig_iat: now }), expiresAt };
  }

  /** Whether a machine still has the password with which it logged in for a token. A hash holds chance, so each password is another one. */
  isOf({ keyId }: Claims, { passwordHash }: Bearer): boolean {
    return keyId === this.#keyId(passwordHash);
  }

  /** Returns the claims of a valid token. Throws a Refusal in the words of CrowdSec's JWT library. */
  check(text: string): Claims {
    const { exp, claims } = this.#known(text);
    if (exp <= this.#nowMs() / 1000) throw tokenRefusal('Token is expired');
    return claims;
  }

  /** As `check`, but an expired token will do while its login is recent enough. */
  checkForRefresh(text: string): Claims {
    const { claims } = this.#known(text);
    if (claims.loggedInAt < this.#nowMs() / 1000 - refreshSeconds) throw tokenRefusal('token is expired');
    return claims;
  }

  #read(text: string): Genuine {
    const shape = faultOfShape(text);
    if (shape !== null) throw tokenRefusal(shape);
    let genuine: { header: { kid?: unknown }; payload: { exp?: unknown; id?: unknown; orig_iat?: unknown } };
    try {
      genuine = this.#verify(text) as typeof genuine;
    } catch {
      throw tokenRefusal('signature is invalid');
    }
    const { exp, id, orig_iat: loggedInAt } = genuine.payload;
    if (typeof exp !== 'number') throw tokenRefusal('missing exp field');
    if (typeof id !== 'string' || typeof loggedInAt !== 'number') throw tokenRefusal('signature is invalid');
    return { exp, claims: { machine: id, loggedInAt, keyId: String(genuine.header.kid) } };
  }
}

/** What Go's library says of a text that is not three base64url parts, or null. */
function faultOfShape(text: string): string | null {
  const parts = text.split('.');
  if (parts.length !== 3) return 'token contains an invalid number of segments';
  for (const part of parts) {
    const bad = /[^A-Za-z0-9_-]/.exec(part);
    if (bad !== null) return `illegal base64 data at input byte ${bad.index}`;
    if (part.length % 4 === 1) return `illegal base64 data at input byte ${part.length - 1}`;
  }
  return null;
}
