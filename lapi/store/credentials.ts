// Passwords of machines and keys of bouncers: how they are made and how they are stored. Only hashes reach the
// database.

import bcrypt from 'bcryptjs';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { lapiLimits } from '../limits.js';

const bcryptCost = 10;

/** Returns the bcrypt hash of a password, or null when it is longer than bcrypt reads (72 bytes). */
export async function hashPassword(password: string): Promise<string | null> {
  if (Buffer.byteLength(password) > lapiLimits.passwordBytesMax) return null;
  return bcrypt.hash(password, bcryptCost);
}

/** Passwords that were right, by the hash they belong to, under a key that lives as long as this process. */
const known = new Map<string, Buffer>();
const knownKey = randomBytes(32);

/**
 * Whether a password belongs to a stored hash. The right one of a hash is looked at in full once: bcrypt takes a tenth of a second in
 * which nothing else is done, and every command logs in anew.
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  if (Buffer.byteLength(password) > lapiLimits.passwordBytesMax) return false;
  const digest = createHmac('sha256', knownKey).update(password).digest();
  const right = known.get(hash);
  if (right !== undefined && timingSafeEqual(right, digest)) return true;
  const isRight = await bcrypt.compare(password, hash).catch(() => false);
  if (isRight) {
    if (known.size >= lapiLimits.passwordsKnownMax) known.clear();
    known.set(hash, digest);
  }
  return isRight;
}

/** A new bouncer key: 32 random bytes in base64 without padding. */
export function generateApiKey(): string {
  return randomBytes(32).toString('base64').replace(/=+$/, '');
}

/** The stored form of a bouncer key: lower-case hex of SHA-512. */
export function hashApiKey(key: string): string {
  return createHash('sha512').update(key).digest('hex');
}
