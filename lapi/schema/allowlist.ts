// The body of the bulk allowlist check.

import { Type } from '@sinclair/typebox';
import { listOf, struct, text } from './fields.js';

/** POST /v1/allowlists/check */
export const bulkCheckRequest = struct('models.BulkCheckAllowlistRequest', {
  targets: Type.Optional(listOf(text(), '[]string')),
});
