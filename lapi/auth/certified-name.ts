// The name in the certificate of a caller, for machines and bouncers alike. What certificates must fulfil is
// client-certificates.ts's matter, how a refusal sounds the caller's.

import type { FastifyRequest } from 'fastify';
import type { RouteDeps } from '../deps.js';
import type { Refusal } from '../errors.js';
import { CertificateError, type CertificateRole } from './client-certificates.js';

/** Returns null without a certificate; logs why one must not pass, and throws `refusal()`. */
export function certifiedName(request: FastifyRequest, { certificates, log }: RouteDeps, role: CertificateRole,
  refusal: () => Refusal): string | null {
  try {
    return certificates?.nameOf(request.raw, role) ?? null;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    log.warning(`${request.clientAddress}: ${error.message}`);
    throw refusal();
  }
}
