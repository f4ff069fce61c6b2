// Passwords of machines and keys of bouncers: how they are made and how they are stored. Only hashes reach the
// database.

import bcrypt from 'bcryptjs';
import { createHash, randomBytes } from 'node:crypto';
import { lapiLimits } from '../limits.js';

const bcryptCost = 10;

/** Returns the bcrypt hash of a password, or null when it is longer than bcrypt reads (72 bytes). */
export async function hashPassword(password: string): Promise<string | null> {
  if (Buffer.byteLength(password) > lapiLimits.passwordBytesMax) return null;
  return bcrypt.hash(password, bcryptCost);
}

/** Whether a password belongs to a stored hash. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  if (Buffer.byteLength(password) > lapiLimits.passwordBytesMax) return false;
  return bcrypt.compare(password, hash).catch(() => false);
}

/** A new bouncer key: 32 random bytes in base64 without padding. */
export function generateApiKey(): string {
  return randomBytes(32).toString('base64').replace(/=+$/, '');
}

/** The stored form of a bouncer key: lower-case hex of SHA-512. */
export function hashApiKey(key: string): string {
  return createHash('sha512').update(key).digest('hex');
}
